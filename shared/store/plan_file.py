"""A staged plan: one SQLite file, written once, then only read; like a result, and beside it in the data folder.

A plan may name a hundred thousand files: neither Redis nor a page holds all of it at any time. It keeps its groups as
they were, since a result may be grouped anew at another threshold. Invariant: groups stand in it in the order of the
result (most bytes freed first), files that are to move in the order of their groups.
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
from shared.domain.model import Group, Kind, Signals, Tier
from shared.domain.plan import PlanHeader, PlanShow, PlanTotals
from shared.domain.proposing import Fate, Proposal
from shared.store import codec
from shared.whole import written_whole

SCHEMA = """
CREATE TABLE header (text TEXT);
CREATE TABLE planned (
  place INTEGER PRIMARY KEY, grp INTEGER, keeper TEXT, kind TEXT, similarity REAL, freed INTEGER,
  moves INTEGER, leftover INTEGER
);
CREATE TABLE fate (
  place INTEGER, n INTEGER, image TEXT, fate TEXT, reason TEXT,
  similarity REAL, kind TEXT, cosine REAL, distance INTEGER, ssim REAL, tier TEXT, confidence REAL,
  PRIMARY KEY (place, n)
) WITHOUT ROWID;
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


Proposed = Iterable[tuple[Group, Sequence[Proposal]]]


@dataclass(frozen=True, slots=True)
class PlannedImage:
    """An image's id, how it matches its group's keeper (None for that one), what is to become of it, and why."""

    image: str
    signals: Signals | None
    fate: Fate
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """A group as it was when the plan was staged; ``place`` is its own in the plan, ``keeper`` an image's id."""

    place: int
    id: int
    keeper: str
    kind: Kind
    similarity: float
    freed: int
    images: tuple[PlannedImage, ...]


def write(path: Path, header: PlanHeader, proposed: Proposed) -> PlanTotals:
    """Write a plan, whole or not at all, from groups and what is proposed for their members; the header's totals are
    made up here and returned. Groups of which everything stays are counted only. Raises OSError."""
    with written_whole(path) as draft, closing(sqlite3.connect(draft)) as db:
        db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + SCHEMA)  # synced as a whole
        with db:
            totals = _fill(db, proposed)
            db.execute("INSERT INTO header VALUES (?)", (_header_text(header, totals),))
        db.executescript(INDEXES)
    return totals


def _fill(db: sqlite3.Connection, proposed: Proposed) -> PlanTotals:
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
            head = (place, group.id, group.keeper.id, group.kind, group.similarity, group.freed, bool(going), leftover)
            db.execute("INSERT INTO planned VALUES (?,?,?,?,?,?,?,?)", head)
            db.executemany("INSERT INTO fate VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", _fate_rows(place, group, proposals))
            db.executemany("INSERT INTO item VALUES (NULL,?,?,?,?,?,?)", [_item_row(p) for p in going])
    return PlanTotals(groups, keeps, moves, freed, left)


def _fate_rows(place: int, group: Group, proposals: Sequence[Proposal]) -> Iterator[tuple[object, ...]]:
    for n, (member, proposal) in enumerate(zip(group.members, proposals, strict=True)):
        why = member.signals
        yield place, n, member.image.id, proposal.fate, proposal.reason, *_columns(why)


def _columns(why: Signals | None) -> tuple[object, ...]:
    """How a match is shown; how the two lie on each other is not kept."""
    if why is None:
        return (None,) * 7
    return why.similarity, why.kind, why.cosine, why.distance, why.ssim, why.tier, why.confidence


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

    def page(self, show: PlanShow, after: int, limit: int) -> list[PlannedGroup]:
        """``limit`` groups at most that follow the place ``after`` (0: the first ones)."""
        rows = self._db.execute(
            "SELECT place, grp, keeper, kind, similarity, freed FROM planned"  # noqa: S608 - made of our own words
            f" WHERE {_SHOWN[show]} AND place > ? ORDER BY place LIMIT ?",
            (after, limit),
        ).fetchall()
        return [
            PlannedGroup(place, group, keeper, Kind(kind), similarity, freed, self._images(place))
            for place, group, keeper, kind, similarity, freed in rows
        ]

    def _images(self, place: int) -> tuple[PlannedImage, ...]:
        rows = self._db.execute(
            "SELECT image, fate, reason, similarity, kind, cosine, distance, ssim, tier, confidence"
            " FROM fate WHERE place = ? ORDER BY n",
            (place,),
        )
        return tuple(PlannedImage(row[0], _signals(row[3:]), Fate(row[1]), row[2]) for row in rows)

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


def _signals(columns: Sequence[Any]) -> Signals | None:
    similarity, kind, cosine, distance, ssim, tier, confidence = columns
    return None if kind is None else Signals(similarity, Kind(kind), cosine, distance, ssim, Tier(tier), confidence)


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
