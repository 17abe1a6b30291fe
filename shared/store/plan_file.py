"""A staged plan: one SQLite file, written once, then only read; like a result, and beside it in the data folder.

A plan may name a hundred thousand files: neither Redis nor a page holds all of it at any time. Invariant: groups stand
in it in the order of the result (most bytes freed first), files that are to move in the order of their groups.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared.domain.deletion import Action, Survivor
from shared.domain.errors import NotFound
from shared.domain.plan import PlanHeader, PlanShow, PlanTotals
from shared.domain.proposing import Fate, Proposal
from shared.store import codec
from shared.whole import written_whole

SCHEMA = """
CREATE TABLE header (text TEXT);
CREATE TABLE planned (place INTEGER PRIMARY KEY, grp INTEGER, moves INTEGER, leftover INTEGER);
CREATE TABLE fate (place INTEGER, image TEXT, fate TEXT, reason TEXT, PRIMARY KEY (place, image)) WITHOUT ROWID;
CREATE TABLE item (
  n INTEGER PRIMARY KEY, image TEXT, library TEXT, path BLOB, size INTEGER, digest TEXT, survivors TEXT
);
"""
INDEXES = """
CREATE INDEX planned_moves ON planned (moves, place);
CREATE INDEX planned_leftover ON planned (leftover, place);
CREATE INDEX item_path ON item (library, path);
"""
_SHOWN = {PlanShow.MOVES: "moves = 1", PlanShow.LEFT: "leftover = 1"}


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """A file that is to move, and the ones that stay because of which it may."""

    image: str
    library: str
    path: bytes
    size: int
    digest: str
    survivors: tuple[Survivor, ...]


def write(path: Path, header: PlanHeader, proposed: Iterable[tuple[int, Sequence[Proposal]]]) -> PlanTotals:
    """Write a plan, whole or not at all, from group ids and what is proposed for each; the header's totals are made
    up here and returned. Groups of which everything stays are counted only. Raises OSError."""
    with written_whole(path) as draft, closing(sqlite3.connect(draft)) as db:
        db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + SCHEMA)  # synced as a whole
        with db:
            totals = _fill(db, proposed)
            db.execute("INSERT INTO header VALUES (?)", (_header_text(header, totals),))
        db.executescript(INDEXES)
    return totals


def _fill(db: sqlite3.Connection, proposed: Iterable[tuple[int, Sequence[Proposal]]]) -> PlanTotals:
    groups = keeps = moves = freed = left = place = 0
    for group, proposals in proposed:
        going = [p for p in proposals if p.fate is Fate.MOVE]
        leftover = any(p.fate is Fate.LEFT for p in proposals)
        groups += 1
        keeps += sum(p.fate is Fate.KEEP for p in proposals)
        moves += len(going)
        freed += sum(p.image.size for p in going)
        left += leftover
        if going or leftover:
            place += 1
            db.execute("INSERT INTO planned VALUES (?,?,?,?)", (place, group, bool(going), leftover))
            db.executemany(
                "INSERT INTO fate VALUES (?,?,?,?)", [(place, p.image.id, p.fate, p.reason) for p in proposals]
            )
            db.executemany("INSERT INTO item VALUES (NULL,?,?,?,?,?,?)", [_item_row(p) for p in going])
    return PlanTotals(groups, keeps, moves, freed, left)


def _item_row(proposal: Proposal) -> tuple[object, ...]:
    image = proposal.image
    survivors = [[s.library, base64.b64encode(s.path).decode(), s.digest] for s in proposal.survivors]
    return image.id, image.library, image.path, image.size, image.digest, json.dumps(survivors)


@contextmanager
def opened(path: Path) -> Iterator[PlanReader]:
    """Open a plan to read. Raises NotFound."""
    if not path.exists():
        raise NotFound("There is no such plan. It may have been dropped; make another one.", code="no_such_plan")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        yield PlanReader(db)


class PlanReader:
    """Reads one plan. Made by :func:`opened`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def header(self) -> PlanHeader:
        return _header(json.loads(self._db.execute("SELECT text FROM header").fetchone()[0]))

    def page(self, show: PlanShow, after: int, limit: int) -> list[tuple[int, int]]:
        """Place and group of ``limit`` groups at most that follow the place ``after`` (0: the first ones)."""
        query = f"SELECT place, grp FROM planned WHERE {_SHOWN[show]} AND place > ? ORDER BY place LIMIT ?"  # noqa: S608
        return self._db.execute(query, (after, limit)).fetchall()

    def fates(self, place: int) -> dict[str, tuple[Fate, str]]:
        """What is to become of the images of a group, and why, by id."""
        rows = self._db.execute("SELECT image, fate, reason FROM fate WHERE place = ?", (place,))
        return {image: (Fate(fate), reason) for image, fate, reason in rows}

    def items(self, start: int, count: int) -> list[PlannedItem]:
        """Files that are to move, ``count`` at most from number ``start`` (from 0) on."""
        rows = self._db.execute(
            "SELECT image, library, path, size, digest, survivors FROM item WHERE n > ? ORDER BY n LIMIT ?",
            (start, count),
        )
        return [PlannedItem(row[0], row[1], row[2], row[3], row[4], _survivors(row[5])) for row in rows]

    def libraries(self) -> list[str]:
        """Libraries that files are to move out of."""
        return [library for (library,) in self._db.execute("SELECT DISTINCT library FROM item")]

    def moves(self, library: str, path: bytes) -> bool:
        """Whether a file is to move by this plan."""
        query = "SELECT 1 FROM item WHERE library = ? AND path = ?"
        return self._db.execute(query, (library, path)).fetchone() is not None


def _survivors(text: str) -> tuple[Survivor, ...]:
    return tuple(Survivor(library, base64.b64decode(path), digest) for library, path, digest in json.loads(text))


def _header_text(header: PlanHeader, totals: PlanTotals) -> str:
    return json.dumps(
        {
            "scan": header.scan,
            "created": header.created,
            "wanted": codec.write_filter(header.wanted),
            "rules": codec.write_rules(header.rules),
            "action": header.action,
            "target": codec.write_folder(header.target),
            "totals": asdict(totals),
        }
    )


def _header(fields: dict[str, Any]) -> PlanHeader:
    return PlanHeader(
        fields["scan"],
        fields["created"],
        codec.read_filter(fields["wanted"]),
        codec.read_rules(fields["rules"]),
        Action(fields["action"]),
        codec.read_optional_folder(fields["target"]),
        PlanTotals(**fields["totals"]),
    )
