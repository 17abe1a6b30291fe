// The pairs of a result one after another: in each group the picture to keep against each other one, then the next group.
// Invariant: what lies in the trash is not offered again; going back shows exactly what was shown.

import { get } from "./api.js";

export class Sequence {
  // `sort` is what groups are sorted by; `page(after)` gives the query of the one group that follows a cursor.
  constructor(scan, sort, page) {
    this.scan = scan;
    this.sort = sort;
    this.page = page;
    this.past = [];
    this.now = null; // { group, cursor, left, right, todo }
  }

  // Opens a group, at the pair of its keeper and `image` where one is named.
  async open(groupId, image) {
    const group = await get(`/api/scans/${this.scan}/groups/${groupId}?sort=${this.sort}`);
    this.enter(group, group.cursor);
    if (!this.now || !image) return;
    while (this.now.right.image.id !== image && this.now.todo.length) this.step();
    if (this.now.right.image.id !== image) this.enter(group, group.cursor);
  }

  enter(group, cursor) {
    const [left, ...others] = staying(group.members);
    this.now = others.length ? { group, cursor, left, right: others[0], todo: others.slice(1) } : { group, cursor };
  }

  get pair() {
    return this.now?.right ? this.now : null;
  }

  // Within the group: the picture that stays on the left, the next one on the right.
  step() {
    const { group, cursor, left, right, todo } = this.now;
    const keep = left.image.trashed ? right : left;
    this.now = { group, cursor, left: keep, right: todo[0], todo: todo.slice(1) };
  }

  // Resolves to whether there was a next pair.
  async next() {
    const before = this.now;
    if (before.right && before.todo.length) this.step();
    else if (!(await this.enterNext(before.cursor))) return false;
    if (before.right) this.past.push(before);
    return true;
  }

  async enterNext(cursor) {
    for (let after = cursor; ;) {
      const { groups } = await get(`/api/scans/${this.scan}/groups?${this.page(after)}`);
      if (!groups.length) return false;
      if (staying(groups[0].members).length > 1) {
        this.enter(groups[0], groups[0].cursor);
        return true;
      }
      after = groups[0].cursor;
    }
  }

  previous() {
    if (!this.past.length) return false;
    this.now = this.past.pop();
    return true;
  }

  // Back to where a decision was taken.
  returnTo(frame) {
    const at = this.past.indexOf(frame);
    if (at >= 0) this.past.length = at;
    this.now = frame;
  }
}

const staying = (members) => members.filter((member) => !member.image.trashed);
