// The form of filters: shows what the address says, and says what was chosen.

import { get } from "./api.js";
import { plural } from "./format.js";
import { byId } from "./templates.js";

const FIELDS = ["sort", "show", "kind", "format", "least", "most"];
const field = (name) => byId(`filter-${name}`);
const folderValue = ({ library, folder_b64: folder }) => (library ? `${library}/${folder}` : "");

// Calls `onChange(filter)` whenever the person chooses otherwise.
export async function setUp(scan, current, onChange) {
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("change", () => onChange(chosen()));
  const wide = matchMedia("(min-width: 44rem)"); // on a phone the pictures come first, and the filters are folded away
  const fold = () => { byId("filter-fold").open = wide.matches || current().restricts; };
  wide.addEventListener("change", fold);
  fold();
  fill(current());
  const { formats, folders } = await get(`/api/scans/${scan}/choices`);
  field("format").append(...formats.map((name) => new Option(name, name)));
  field("folder").append(...folders.map((folder) => new Option(`${folder.folder} (${plural(folder.groups, "group")})`, folderValue(folder))));
  fill(current());
}

// A value that the form does not offer (from a link) is added to it, so that it is seen and can be taken away.
export function fill({ fields }) {
  for (const [name, value] of [...FIELDS.map((each) => [each, fields[each]]), ["folder", folderValue(fields)]]) {
    const select = field(name);
    if (![...select.options].some((option) => option.value === value)) select.append(new Option(name === "folder" ? "The folder of this link" : value, value));
    select.value = value;
  }
}

function chosen() {
  const [library, ...folder] = field("folder").value.split("/"); // Base64 has slashes too
  return { ...Object.fromEntries(FIELDS.map((name) => [name, field(name).value])), library, folder_b64: folder.join("/") };
}
