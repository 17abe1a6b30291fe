// The groups of a plan, page by page: each picture with what is proposed for it, and why.

import { get } from "./api.js";
import { bytes, count, plural } from "./format.js";
import { KINDS } from "./kinds.js";
import { byId, clone, showError } from "./templates.js";
import { Tile } from "./tiles.js";

const FATES = { keep: "Stays", move: "Goes", left: "Yours to decide" };
const ORDER = ["keep", "move", "left"];
const EMPTY = { moves: "Nothing goes.", left: "Nothing is left for you to decide." };

export class PlanGroups {
  constructor(scan) {
    this.scan = scan;
    this.show = "moves";
    this.asked = 0;
    for (const show of ["moves", "left"]) byId(`show-${show}`).addEventListener("click", () => this.choose(show));
    byId("more").addEventListener("click", () => this.load());
  }

  open(plan) {
    this.plan = plan;
    if (plan.state === "staged" && !plan.totals.moves && plan.totals.left) this.show = "left";
    else if (!plan.totals.left) this.show = "moves";
    byId("samples").hidden = false;
    byId("show-moves").textContent = "What goes";
    byId("show-left").textContent = `Left for you (${count(plan.totals.left)})`;
    this.choose(this.show);
  }

  choose(show) {
    this.show = show;
    this.next = 0;
    for (const one of ["moves", "left"]) byId(`show-${one}`).setAttribute("aria-pressed", one === show);
    this.load(true);
  }

  async load(anew = false) {
    const turn = this.asked += 1;
    byId("groups").setAttribute("aria-busy", "true");
    byId("more").disabled = true;
    try {
      const page = await get(`/api/plans/${this.plan.id}/groups?show=${this.show}&after=${this.next}`);
      if (turn !== this.asked) return;
      const made = page.groups.map((found) => this.group(found));
      if (anew) byId("groups").replaceChildren(...made);
      else byId("groups").append(...made);
      this.next = page.next;
      byId("more").hidden = page.next === null;
      byId("none").hidden = byId("groups").childElementCount > 0;
      byId("none").textContent = EMPTY[this.show];
    } catch (error) {
      if (turn === this.asked) showError(byId("plan-error"), error.message);
    }
    byId("groups").removeAttribute("aria-busy");
    byId("more").disabled = false;
  }

  group({ group, fates }) {
    const element = clone("group");
    const going = group.members.filter((member) => fates[member.image.id]?.fate === "move");
    const freed = going.reduce((total, member) => total + member.image.size, 0);
    const title = going.length ? `${plural(going.length, "picture")} of ${count(group.members.length)}, ${bytes(freed)}` : plural(group.members.length, "picture");
    element.dataset.group = group.id;
    element.setAttribute("aria-label", `Group ${group.id}: ${KINDS[group.kind]}, ${title}`);
    element.querySelector(".kind").textContent = KINDS[group.kind];
    element.querySelector(".kind").dataset.kind = group.kind;
    element.querySelector(".group-title").textContent = title;
    element.querySelector("[data-compare]").href = `/scans/${this.scan}/compare?group=${group.id}`;
    const order = (member) => ORDER.indexOf(fates[member.image.id]?.fate);
    const members = [...group.members].sort((a, b) => order(a) - order(b));
    element.querySelector(".tiles").append(...members.map((member) => this.tile(member, fates[member.image.id])));
    return element;
  }

  tile(member, proposed) {
    const tile = new Tile(member, null);
    tile.find(".tile-check").hidden = true;
    if (proposed && !member.image.trashed) tile.propose(proposed.fate, `${FATES[proposed.fate]}: ${proposed.reason}`);
    return tile.element;
  }
}
