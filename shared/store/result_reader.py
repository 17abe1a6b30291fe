"""Reads a scan's result: images, groups by page, matches, pairs, unreadable files.

Invariant: the file is never written. What people decided since (verdicts, the trash) is laid beside it in temporary
tables of this connection, and then holds for all that is read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

from shared.domain.alignment import flipped
from shared.domain.errors import NotFound
from shared.domain.folder_pairs import FolderPair, Side
from shared.domain.model import Alignment, Facts, Group, Image, Kind, Member, Pair, Signals, Tier, Unreadable
from shared.domain.review import GroupFilter, Sort
from shared.store import group_conditions, pair_sample
from shared.store.group_conditions import Settled
from shared.store.pair_sample import Sampled

_IMAGE = (
    "i.id, i.library, i.path, i.size, i.mtime_ns, i.digest, i.width, i.height, i.format, i.frames, i.damaged,"
    " i.taken, i.camera, i.quality, i.tags"
)
_OF_FACTS, _OF_IMAGE = 11, 15  # the columns of _IMAGE: where the facts begin, and how many there are
_SIGNALS = "similarity, kind, cosine, distance, ssim, tier, confidence, alignment"
_GROUP = "id, keeper, kind, similarity, freed"
_NO_GROUP = partial(NotFound, "This scan has no such group.", code="no_such_group")


def _image(columns: Sequence[Any]) -> Image:
    facts = Facts(*columns[_OF_FACTS:_OF_IMAGE])
    damaged = bool(columns[_OF_FACTS - 1])  # SQLite knows no truth, only numbers
    return replace(Image(*columns[:_OF_FACTS]), damaged=damaged, facts=facts)


def _signals(columns: Sequence[object]) -> Signals | None:
    similarity, kind, cosine, distance, ssim, tier, confidence, lies = columns
    if kind is None:
        return None
    told = (similarity, Kind(str(kind)), cosine, distance, ssim, Tier(str(tier)), confidence, _alignment(lies))
    return Signals(*told)  # type: ignore[arg-type]  # SQLite's columns


def _alignment(text: object) -> Alignment | None:
    if text is None:
        return None
    inliers, shown, shows, finer, mirrored, matrix = json.loads(str(text))
    return Alignment(inliers, shown, shows, finer, mirrored, tuple(matrix))


class ResultReader:
    """Reads one result. Made by :func:`opened`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._settled: Mapping[int, frozenset[str]] = {}
        group_conditions.prepare(db)

    def total(self) -> int:
        """Readable images of the scan."""
        return int(self._db.execute("SELECT value FROM meta WHERE key = 'images'").fetchone()[0])

    def counts(self) -> tuple[int, int]:
        """Groups and matches."""
        return (
            int(self._db.execute("SELECT count(*) FROM grp").fetchone()[0]),
            int(self._db.execute("SELECT count(*) FROM match").fetchone()[0]),
        )

    def image(self, image_id: str) -> Image:
        row = self._db.execute(f"SELECT {_IMAGE} FROM image i WHERE id = ?", (image_id,)).fetchone()  # noqa: S608
        if row is None:
            raise NotFound("This scan found no such image.", code="no_such_image")
        return _image(row)

    def group(self, group_id: int) -> Group:
        query = f"SELECT {_GROUP} FROM grp WHERE id = ?"  # noqa: S608
        try:
            row = self._db.execute(query, (group_id,)).fetchone()
        except OverflowError:  # SQLite has no such numbers
            row = None
        if row is None:
            raise _NO_GROUP()
        return self._group(row)

    def groups(self) -> list[Group]:
        """All groups as they were found, whatever has been decided since, most bytes freed first."""
        rows = self._db.execute(f"SELECT {_GROUP} FROM grp ORDER BY id")  # noqa: S608
        return [self._group(row) for row in rows.fetchall()]

    def page(self, wanted: GroupFilter, sort: Sort, after: str, limit: int) -> list[Group]:
        """``limit`` groups at most that follow the cursor ``after`` (empty: the first ones). Raises InvalidRequest."""
        conditions, values = group_conditions.of(wanted)
        column = group_conditions.COLUMNS[sort]
        if after:
            value, number = group_conditions.parse_cursor(after)
            conditions.append(f"{column} <= ? AND ({column} < ? OR id > ?)")
            values += [value, value, number]
        rows = self._db.execute(
            f"SELECT {_GROUP} FROM grp WHERE {' AND '.join(conditions)}"  # noqa: S608 - made of our own words
            f" ORDER BY {column} DESC, id LIMIT ?",
            [*values, limit],
        ).fetchall()
        return [self._group(row) for row in rows]

    def count(self, wanted: GroupFilter) -> int:
        """How many groups are wanted."""
        conditions, values = group_conditions.of(wanted)
        query = f"SELECT count(*) FROM grp WHERE {' AND '.join(conditions)}"  # noqa: S608 - made of our own words
        return int(self._db.execute(query, values).fetchone()[0])

    def every(self, wanted: GroupFilter) -> Iterator[Group]:
        """All groups that are wanted, by id, read as they are asked for: however many there are."""
        conditions, values = group_conditions.of(wanted)
        rows = self._db.execute(
            f"SELECT g.id, g.keeper, g.kind, g.similarity, g.freed, {_IMAGE},"  # noqa: S608 - made of our own words
            " m.similarity, m.kind, m.cosine, m.distance, m.ssim, m.tier, m.confidence, m.alignment"
            f" FROM (SELECT * FROM grp WHERE {' AND '.join(conditions)} ORDER BY id) g"
            " CROSS JOIN member m ON m.grp = g.id CROSS JOIN image i ON i.id = m.image ORDER BY g.id",
            values,
        )
        for head, found in groupby(rows, key=lambda row: row[:5]):
            yield self._assembled(head, [row[5:] for row in found])

    def relation(self, one: Image, other: Image) -> Signals | None:
        """How ``other`` was found to lie on ``one`` when their contents were compared; None where they were not."""
        for a, b in ((one, other), (other, one)):
            row = self._db.execute(
                "SELECT p.similarity, p.kind, p.cosine, p.distance, p.ssim, p.tier, p.confidence, p.alignment"
                " FROM image x"
                " CROSS JOIN pair p ON p.a = x.number JOIN image y ON y.number = p.b"
                " WHERE x.digest = ? AND y.digest = ? AND p.reach >= ? LIMIT 1",
                (a.digest, b.digest, self.shown()),
            ).fetchone()
            signals = None if row is None else _signals(row)
            if signals is not None:
                return signals if a is one else flipped(signals, other, one)
        return None

    def files(self, image_ids: Sequence[str]) -> dict[str, int]:
        """The number of the file that each image is a name of: hard links have the same."""
        rows = self._db.execute(
            "SELECT i.id, i.file FROM json_each(?) j JOIN image i ON i.id = j.value", (json.dumps(list(image_ids)),)
        )
        return dict(rows.fetchall())

    def cursor(self, group_id: int, sort: Sort) -> str:
        """The cursor that stands at a group. Raises NotFound."""
        query = f"SELECT {group_conditions.COLUMNS[sort]} FROM grp WHERE id = ?"  # noqa: S608
        row = self._db.execute(query, (group_id,)).fetchone()
        if row is None:
            raise _NO_GROUP()
        return group_conditions.cursor(row[0], group_id)

    def settled_by(self, pairs: Iterable[tuple[str, str]]) -> Settled:
        """What has a verdict together with its group's keeper, from pairs of digests in ascending order."""
        return group_conditions.settled_by(self._db, pairs)

    def settle(self, settled: Settled, whole: bool = False) -> None:
        """From here on, leave out of a group what is settled.

        With ``whole`` groups are shown whole all the same; only which ones count as decided follows from it.
        """
        group_conditions.settle(self._db, settled)
        self._settled = {} if whole else settled.images

    def touch(self, image_ids: Iterable[str]) -> None:
        """From here on, the groups of these images count as decided."""
        group_conditions.touch(self._db, image_ids)

    def hidden(self) -> set[int]:
        """Groups of which every pair has a verdict."""
        return {group for (group,) in self._db.execute("SELECT id FROM hidden")}

    def folders(self, limit: int) -> list[tuple[str, bytes, int]]:
        """Library, folder and number of groups with a member directly in it, most groups first."""
        query = "SELECT library, path, groups FROM folder WHERE groups ORDER BY groups DESC, library, path LIMIT ?"
        return self._db.execute(query, (limit,)).fetchall()

    def folder_pairs(self, limit: int) -> list[FolderPair]:
        """Two folders each, the pair with the most bytes that would go with one of them first."""
        rows = self._db.execute(
            "WITH side AS (SELECT p.*, max(p.images, coalesce(t.images, 0)) AS total FROM folder_pair p"
            "  LEFT JOIN folder_total t ON t.library = p.library AND t.path = p.path)"
            " SELECT a.library, a.path, a.images, a.total, a.size,"
            " b.library, b.path, b.images, b.total, b.size, a.groups"
            " FROM side a JOIN side b ON b.library = a.other_library AND b.path = a.other_path"
            "  AND b.other_library = a.library AND b.other_path = a.path"
            " WHERE (a.library, a.path) < (b.library, b.path)"
            " ORDER BY max(a.size * a.images / a.total, b.size * b.images / b.total) DESC, a.library, a.path LIMIT ?",
            (limit,),
        )
        return [_folder_pair(row) for row in rows]

    def formats(self) -> list[str]:
        """The formats of images that are in groups."""
        rows = self._db.execute("SELECT DISTINCT formats FROM grp")
        return sorted({name for (names,) in rows for name in names.split("|") if name})

    def group_of(self, image_id: str) -> Group | None:
        """The group that holds an image, if any: groups share no image, and what is settled is in none."""
        row = self._db.execute("SELECT grp FROM member WHERE image = ?", (image_id,)).fetchone()
        if row is None or image_id in self._settled.get(row[0], frozenset()):
            return None
        return self.group(row[0])

    def _group(self, row: Sequence[object]) -> Group:
        found = self._db.execute(
            f"SELECT {_IMAGE}, {_SIGNALS} FROM member m JOIN image i ON i.id = m.image"  # noqa: S608
            " WHERE m.grp = ? ORDER BY m.kind IS NOT NULL, m.similarity DESC, i.path",
            (row[0],),
        )
        return self._assembled(row, found)

    def _assembled(self, row: Sequence[object], found: Iterable[Sequence[Any]]) -> Group:
        """A group of its row and the rows of its members."""
        number, keeper_id, kind, similarity, freed = row
        group_id = int(str(number))
        members = tuple(Member(_image(one), _signals(one[_OF_IMAGE:])) for one in found)
        keeper = next(m.image for m in members if m.image.id == keeper_id)
        whole = Group(group_id, keeper, members, Kind(str(kind)), float(str(similarity)), int(str(freed)))
        return _without(whole, self._settled.get(group_id, frozenset()))

    def matches(self) -> list[Member]:
        """Matches of a search, best first."""
        rows = self._db.execute(
            f"SELECT {_IMAGE}, {_SIGNALS} FROM match m JOIN image i ON i.id = m.image"  # noqa: S608
            " ORDER BY m.similarity DESC, i.path"
        )
        return [Member(_image(row), _signals(row[_OF_IMAGE:])) for row in rows]

    def pairs(self) -> Iterator[Pair]:
        """All pairs that match at the threshold that is shown, best first."""
        for a, b, reach, *columns in self._db.execute(
            f"SELECT i.id, k.id, reach, {_SIGNALS} FROM pair p"  # noqa: S608
            " JOIN image i ON i.number = p.a JOIN image k ON k.number = p.b"
            " WHERE reach >= ? ORDER BY similarity DESC, i.id, k.id",
            (self.shown(),),
        ):
            signals = _signals(columns)
            if signals is not None:
                yield Pair(a, b, signals, reach)

    def pair_count(self, threshold: float = 0.0) -> int:
        """How many pairs match at ``threshold``."""
        return int(self._db.execute("SELECT count(*) FROM pair WHERE reach >= ?", (threshold,)).fetchone()[0])

    def shown(self) -> float:
        """The threshold at which the groups were formed; 0 for a preset without one."""
        return self._meta("shown")

    def floor(self) -> float:
        """The lowest threshold at which all matches are known."""
        return self._meta("floor")

    def copies(self) -> Iterator[tuple[int, str, str, int, int]]:
        """Number, digest, id, file and size (bytes) of every image, the one to keep first."""
        return self._db.execute("SELECT number, digest, id, file, size FROM image ORDER BY number")

    def reaching(self, threshold: float) -> Iterator[tuple[int, int]]:
        """Numbers of the images of every pair that matches at ``threshold``, best first, of equal ones by numbers.

        Byte-identical copies are left out: their digests tell.
        """
        query = "SELECT a, b FROM pair WHERE reach >= ? AND kind <> ? ORDER BY similarity DESC, a, b"
        return self._db.execute(query, (threshold, Kind.EXACT))

    def signals_of(self, threshold: float) -> dict[tuple[int, int], Signals]:
        """Signals of every pair that matches at ``threshold``, by the numbers of its images, the smaller first."""
        query = f"SELECT a, b, {_SIGNALS} FROM pair WHERE reach >= ?"  # noqa: S608
        rows = ((a, b, _signals(columns)) for a, b, *columns in self._db.execute(query, (threshold,)))
        return {(a, b): signals for a, b, signals in rows if signals is not None}

    def _meta(self, key: str) -> float:
        return float(self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])

    def reach_counts(self) -> dict[int, int]:
        """See :func:`shared.store.pair_sample.counts`."""
        return pair_sample.counts(self._db)

    def draw(self, least: float, most: float, limit: int, seed: int) -> list[Sampled]:
        """See :func:`shared.store.pair_sample.draw`."""
        return pair_sample.draw(self._db, least, most, limit, seed)

    def judged(self, pairs: Iterable[tuple[str, str]]) -> list[Sampled]:
        """See :func:`shared.store.pair_sample.judged`."""
        return pair_sample.judged(self._db, pairs)

    def images(self) -> dict[str, Image]:
        """All images that are in a pair, a group or a match, by id."""
        return {row[0]: _image(row) for row in self._db.execute(f"SELECT {_IMAGE} FROM image i")}  # noqa: S608

    def omitted(self, threshold: float | None = None) -> list[tuple[str, int]]:
        """Image id and number of its matches beyond the cap, at a threshold or the one that is shown."""
        least = self.shown() if threshold is None else threshold
        return self._db.execute(
            "SELECT o.image, sum(o.count) FROM omitted o JOIN image i ON i.id = o.image WHERE o.percent >= ?"
            " GROUP BY o.image ORDER BY i.path",
            (int(100 * least + 1e-4),),
        ).fetchall()

    def unreadable(self) -> list[Unreadable]:
        rows = self._db.execute("SELECT library, path, code, reason FROM unreadable ORDER BY library, path")
        return [Unreadable(*row) for row in rows]


def _without(group: Group, settled: frozenset[str]) -> Group:
    """A group without what is settled; as it was where that would leave the keeper alone."""
    left = tuple(member for member in group.members if member.image.id not in settled)
    matching = [member.signals for member in left if member.signals is not None]
    if not settled or not matching:
        return group
    dropped = sum(member.image.size for member in group.members if member.image.id in settled)
    return replace(
        group,
        members=left,
        kind=max((signals.kind for signals in matching), key=list(Kind).index),
        similarity=min(signals.similarity for signals in matching),
        freed=max(0, group.freed - dropped),
    )


def _folder_pair(row: Sequence[Any]) -> FolderPair:
    sides = [Side((row[n], row[n + 1]), *row[n + 2 : n + 5]) for n in (0, 5)]
    sides.sort(key=lambda side: -side.images / side.total)
    return FolderPair(sides[0], sides[1], row[10])
