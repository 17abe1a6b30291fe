// Which groups are wanted, and in which order: read from the page's address and written back to it.
// Invariant: what is as by default does not stand in the address.

const DEFAULTS = { sort: "freed", show: "open", kind: "", library: "", folder_b64: "", least: "0", most: "1", format: "" };

export class Filter {
  constructor(fields = {}) {
    this.fields = { ...DEFAULTS, ...fields };
  }

  static ofAddress() {
    const address = new URLSearchParams(location.search);
    return new Filter(Object.fromEntries(Object.keys(DEFAULTS).filter((name) => address.has(name)).map((name) => [name, address.get(name)])));
  }

  with(fields) {
    return new Filter({ ...this.fields, ...fields });
  }

  get restricts() {
    return Object.entries(this.fields).some(([name, value]) => name !== "sort" && String(value) !== DEFAULTS[name]);
  }

  // As a query, together with `more`.
  query(more = {}) {
    const changed = Object.entries(this.fields).filter(([name, value]) => String(value) !== DEFAULTS[name]);
    return new URLSearchParams([...changed, ...Object.entries(more)]).toString();
  }
}
