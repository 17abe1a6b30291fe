"""How groups are sorted, paged, filtered, and told from those that are decided, in SQL.

Invariant: a page is found along an index; the cursor (sort value and group id) names a place, not a number of rows,
so that no group is shown twice or left out whatever is decided in between.

Temporary tables of the reader's connection: ``hidden`` (groups of which every pair has a verdict), ``touched`` (groups
of which something lies in the trash).
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.domain.errors import InvalidRequest
from shared.domain.review import GroupFilter, Show, Sort

COLUMNS: dict[Sort, str] = {
    Sort.FREED: "freed",
    Sort.SIMILARITY: "similarity",
    Sort.SIZE: "size",
    Sort.DATE: "mtime_ns",
}
_LARGEST = 2**63 - 1
_SHOWN: dict[Show, str] = {
    Show.OPEN: "id NOT IN (SELECT id FROM hidden)",
    Show.UNDECIDED: "id NOT IN (SELECT id FROM hidden) AND id NOT IN (SELECT id FROM touched)",
    Show.DECIDED: "(id IN (SELECT id FROM hidden) OR id IN (SELECT id FROM touched))",
}
_IN_FOLDER = "id IN (SELECT grp FROM held WHERE folder = (SELECT id FROM folder WHERE library = ? AND path = ?))"
_DIRECTLY_IN = _IN_FOLDER[:-1] + " AND direct)"


def prepare(db: sqlite3.Connection) -> None:
    """Make the temporary tables, empty."""
    db.execute("PRAGMA temp_store = MEMORY")
    for name in ("hidden", "touched"):
        db.execute(f"CREATE TEMP TABLE {name} (id INTEGER PRIMARY KEY)")


def of(wanted: GroupFilter) -> tuple[list[str], list[object]]:
    """Conditions on ``grp``, of which all must hold, and their values."""
    conditions = [_SHOWN[wanted.show]]
    found: list[object] = []
    if (wanted.least, wanted.most) != (0.0, 1.0):
        conditions.append("+similarity BETWEEN ? AND ?")  # the plus keeps the index of the sort in use
        found += [wanted.least, wanted.most]
    if wanted.kind is not None:
        conditions.append("kind = ?")
        found.append(wanted.kind)
    if wanted.format is not None:
        conditions.append("instr(formats, ?) > 0")
        found.append(f"|{wanted.format}|")
    if wanted.library is not None:
        conditions.append("instr(libraries, ?) > 0")
        found.append(f"|{wanted.library}|")
    if wanted.library is not None and wanted.folder:
        conditions.append(_IN_FOLDER)
        found += [wanted.library, wanted.folder]
    if wanted.between is not None:
        for folder in (wanted.between.keep, wanted.between.clear):
            conditions.append(_DIRECTLY_IN)
            found += [folder.library, folder.path]
    return conditions, found


def cursor(value: float, group_id: int) -> str:
    return f"{value!r}~{group_id}"


def parse_cursor(text: str) -> tuple[float, int]:
    """Inverse of :func:`cursor`. Raises InvalidRequest."""
    value, _, number = text.partition("~")
    try:
        place = float(value) if "." in value or "e" in value else int(value)
        if max(abs(place), abs(int(number))) > _LARGEST:
            raise ValueError
        return place, int(number)
    except ValueError:
        raise InvalidRequest(f"There is no place {text[:40]} in the list. Take it from `next`.") from None


def touch(db: sqlite3.Connection, image_ids: Iterable[str]) -> None:
    """Remember which groups hold these images."""
    db.execute(
        "INSERT OR IGNORE INTO touched SELECT m.grp FROM json_each(?) j JOIN member m ON m.image = j.value",
        (json.dumps(list(image_ids)),),
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """What verdicts make of a result: image ids by group that are not alike with its keeper any more, and the groups
    of which nothing is left by that."""

    images: Mapping[int, frozenset[str]]
    hidden: frozenset[int]


def settled_by(db: sqlite3.Connection, pairs: Iterable[tuple[str, str]]) -> Settled:
    """What these pairs of digests settle."""
    both_ways = {ordered for a, b in pairs for ordered in ((a, b), (b, a))}
    rows = db.execute(
        "SELECT g.id, i.id FROM json_each(?) j"
        " CROSS JOIN image i ON i.digest = json_extract(j.value, '$[0]')"  # this order: from the pairs, which are few
        " CROSS JOIN member m ON m.image = i.id JOIN grp g ON g.id = m.grp JOIN image k ON k.id = g.keeper"
        " WHERE i.id <> g.keeper AND k.digest = json_extract(j.value, '$[1]')",
        (json.dumps(sorted(both_ways)),),
    )
    images: dict[int, set[str]] = defaultdict(set)
    for group, image in rows:
        images[group].add(image)
    sizes = {
        group: int(db.execute("SELECT count(*) FROM member WHERE grp = ?", (group,)).fetchone()[0]) for group in images
    }
    hidden = frozenset(group for group, found in images.items() if len(found) == sizes[group] - 1)
    return Settled({group: frozenset(found) for group, found in images.items()}, hidden)


def settle(db: sqlite3.Connection, settled: Settled) -> None:
    """Remember which groups are hidden."""
    db.executemany("INSERT OR IGNORE INTO hidden VALUES (?)", ((group,) for group in settled.hidden))
