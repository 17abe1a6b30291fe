"""A scan's result: one SQLite file, written by the group stage, then only read, or replaced with other groups.

The file is made under a temporary name and renamed when complete, so a reader sees all of it or nothing. It holds the
matches down to the scan's floor and the groups that they form at the threshold that is shown.
SQLite because the page reads it group by group in any order at any size with the standard library alone,
and because several hosts may read an immutable file on a shared folder.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, field
from itertools import groupby
from pathlib import Path

from shared.domain import folder_pairs
from shared.domain.errors import Conflict
from shared.domain.model import Image, Kind, Pair, Signals, Unreadable
from shared.layout import Layout
from shared.store.result_reader import ResultReader
from shared.whole import written_whole

__all__ = ["Grouped", "Result", "ResultReader", "latest", "opened", "replace_groups", "write"]

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value NUMERIC) WITHOUT ROWID;
CREATE TABLE image (
  id TEXT PRIMARY KEY, library TEXT, path BLOB, size INTEGER, mtime_ns INTEGER, digest TEXT,
  width INTEGER, height INTEGER, format TEXT, frames INTEGER, damaged INTEGER,
  taken TEXT, camera TEXT, quality INTEGER, tags INTEGER, number INTEGER, file INTEGER
) WITHOUT ROWID;
CREATE TABLE omitted (image TEXT, percent INTEGER, count INTEGER);
CREATE TABLE grp (
  id INTEGER PRIMARY KEY, keeper TEXT, kind TEXT, similarity REAL, freed INTEGER,
  size INTEGER, mtime_ns INTEGER, formats TEXT, libraries TEXT
);
CREATE TABLE folder (id INTEGER PRIMARY KEY, library TEXT, path BLOB, groups INTEGER, UNIQUE (library, path));
CREATE TABLE held (folder INTEGER, grp INTEGER, direct INTEGER, PRIMARY KEY (folder, grp)) WITHOUT ROWID;
CREATE TABLE folder_total (library TEXT, path BLOB, images INTEGER, PRIMARY KEY (library, path)) WITHOUT ROWID;
CREATE TABLE folder_pair (
  library TEXT, path BLOB, other_library TEXT, other_path BLOB, images INTEGER, size INTEGER, groups INTEGER
);
CREATE TABLE member (
  grp INTEGER, image TEXT, similarity REAL, kind TEXT, cosine REAL, distance INTEGER, ssim REAL,
  tier TEXT, confidence REAL, alignment TEXT,
  PRIMARY KEY (grp, image)
) WITHOUT ROWID;
CREATE TABLE pair (
  a INTEGER, b INTEGER, similarity REAL, kind TEXT, cosine REAL, distance INTEGER, ssim REAL,
  tier TEXT, confidence REAL, alignment TEXT, reach REAL
);
CREATE TABLE match (
  image TEXT PRIMARY KEY, similarity REAL, kind TEXT, cosine REAL, distance INTEGER, ssim REAL,
  tier TEXT, confidence REAL, alignment TEXT
);
CREATE TABLE unreadable (library TEXT, path BLOB, code TEXT, reason TEXT);
"""
INDEXES = """
CREATE INDEX image_path ON image (library, path);
CREATE INDEX image_digest ON image (digest);
CREATE INDEX image_number ON image (number);
"""
# Those of sorts hold what groups are filtered by: else a filter that lets few through looks up every row of the table.
GROUP_INDEXES = """
CREATE INDEX grp_freed ON grp (freed DESC, id, kind, similarity, formats, libraries);
CREATE INDEX grp_similarity ON grp (similarity DESC, id, kind, formats, libraries);
CREATE INDEX grp_size ON grp (size DESC, id, kind, similarity, formats, libraries);
CREATE INDEX grp_mtime ON grp (mtime_ns DESC, id, kind, similarity, formats, libraries);
CREATE INDEX member_image ON member (image);
CREATE INDEX pair_a ON pair (a);
CREATE INDEX folder_pair_other ON folder_pair (other_library, other_path, library, path);
"""
VERSION = 6

Grouped = tuple[str, Sequence[tuple[str, Signals]], int]
"""A group: its keeper, the other members with their signals, the bytes that are freed when they go."""


@dataclass(frozen=True, slots=True)
class Result:
    """Everything the group stage found. ``images`` holds those of pairs, groups and matches only, best first.

    ``total`` counts the readable images of the scan. ``omitted`` counts the matches of an image beyond the cap: image,
    the highest threshold at which they count in whole hundredths, number. ``groups`` are in the order in which their
    ids rise. ``files`` numbers the files that images are names of, where several (hard links) are names of one.
    ``folders`` counts the readable images directly in each (library, path).
    ``shown`` is the threshold of the groups, ``floor`` the lowest at which all matches are known; 0 where the preset
    has none.
    """

    total: int
    images: Iterable[Image]
    omitted: Iterable[tuple[str, int, int]]
    groups: Sequence[Grouped]
    pairs: Iterable[Pair]
    matches: Iterable[tuple[str, Signals]]
    unreadable: Iterable[Unreadable]
    files: Mapping[str, int] = field(default_factory=dict)
    shown: float = 0.0
    floor: float = 0.0
    folders: Mapping[tuple[str, bytes], int] = field(default_factory=dict)


def write(path: Path, result: Result) -> None:
    """Write a result; whole or not at all. Writing the same again replaces it with the same. Raises OSError."""
    with _drafted(path) as db:
        db.executescript(SCHEMA)
        with db:
            _fill(db, result)
            _fill_groups(db, result.groups)
        db.executescript(INDEXES + GROUP_INDEXES)  # last: filling a table with its indexes takes several times as long


def replace_groups(path: Path, shown: float, groups: Sequence[Grouped]) -> None:
    """Write a result anew with other groups, those of the threshold ``shown``. Raises OSError."""
    with _drafted(path, path) as db, db:
        for table in ("grp", "member", "folder", "held", "folder_pair"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own words
        db.execute("UPDATE meta SET value = ? WHERE key = 'shown'", (shown,))
        _fill_groups(db, groups)


@contextmanager
def _drafted(path: Path, model: Path | None = None) -> Iterator[sqlite3.Connection]:
    """A database that takes the place of ``path`` when the block ends well; at first a copy of ``model``."""
    try:
        with written_whole(path) as draft:
            if model is not None:
                shutil.copyfile(model, draft)
            with closing(sqlite3.connect(draft)) as db:
                db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")  # synced as a whole
                yield db
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise


def _fill(db: sqlite3.Connection, result: Result) -> None:
    numbers: dict[str, int] = {}
    db.executemany("INSERT INTO image VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", _numbered(result, numbers))
    db.executemany("INSERT INTO omitted VALUES (?,?,?)", result.omitted)
    db.executemany(
        "INSERT INTO pair VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        ((*sorted((numbers[p.a], numbers[p.b])), *_columns(p.signals), p.reach) for p in result.pairs),
    )
    db.executemany("INSERT INTO match VALUES (?,?,?,?,?,?,?,?,?)", ((i, *_columns(s)) for i, s in result.matches))
    totals = ((*folder, count) for folder, count in result.folders.items())
    db.executemany("INSERT INTO folder_total VALUES (?,?,?)", totals)
    db.executemany(
        "INSERT INTO unreadable VALUES (?,?,?,?)", ((u.library, u.path, u.code, u.reason) for u in result.unreadable)
    )
    meta = {"version": VERSION, "images": result.total, "shown": result.shown, "floor": result.floor}
    db.executemany("INSERT INTO meta VALUES (?,?)", meta.items())


def _numbered(result: Result, numbers: dict[str, int]) -> Iterator[tuple[object, ...]]:
    """Rows of images; fills ``numbers`` on the way, which say how they rank."""
    for number, i in enumerate(result.images):
        numbers[i.id] = number
        file = result.files.get(i.id, -1 - number)
        *of_file, facts = astuple(i)
        yield *of_file, *facts, number, file


def _fill_groups(db: sqlite3.Connection, groups: Sequence[Grouped]) -> None:
    for number, (keeper, members, freed) in enumerate(groups, 1):
        weakest = min((signals for _, signals in members), key=lambda s: s.similarity)
        kinds = {signals.kind for _, signals in members}
        kind = max(kinds, key=list(Kind).index)
        db.execute(
            "INSERT INTO grp VALUES (?,?,?,?,?,NULL,NULL,NULL,NULL)", (number, keeper, kind, weakest.similarity, freed)
        )
        db.execute("INSERT INTO member VALUES (?,?,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)", (number, keeper))
        db.executemany(
            "INSERT INTO member VALUES (?,?,?,?,?,?,?,?,?,?)", ((number, i, *_columns(s)) for i, s in members)
        )
    _summarize(db)


def _summarize(db: sqlite3.Connection) -> None:
    """What groups are sorted and filtered by: bytes of all members, the newest change, formats, libraries, folders."""
    db.execute(
        "UPDATE grp SET (size, mtime_ns, formats, libraries) = ("
        " SELECT sum(i.size), max(i.mtime_ns), replace('|' || group_concat(DISTINCT i.format) || '|', ',', '|'),"
        " replace('|' || group_concat(DISTINCT i.library) || '|', ',', '|')"
        " FROM member m JOIN image i ON i.id = m.image WHERE m.grp = grp.id)"
    )
    numbers: dict[folder_pairs.Folder, int] = {}
    folders, pairs = folder_pairs.count(_spread(db, numbers))
    counted = ((number, *one, folders.get(one, 0)) for one, number in numbers.items())
    db.executemany("INSERT INTO folder VALUES (?,?,?,?)", counted)
    found = ((*one, *other, p.images, p.size, p.groups) for (one, other), p in sorted(pairs.items()))
    db.executemany("INSERT INTO folder_pair VALUES (?,?,?,?,?,?,?)", found)


def _spread(db: sqlite3.Connection, numbers: dict[folder_pairs.Folder, int]) -> Iterator[list[tuple[str, bytes, int]]]:
    """Library, folder and bytes of each group's members; numbers the folders and notes which groups they hold."""
    rows = db.execute(
        "SELECT m.grp, i.library, i.path, i.size FROM member m CROSS JOIN image i ON i.id = m.image ORDER BY m.grp"
    )
    for group, members in groupby(rows, key=lambda row: row[0]):
        spread = [(library, os.path.split(path)[0], size) for _, library, path, size in members]
        direct = {(library, path) for library, path, _ in spread}
        held = direct.union((library, above) for library, path in direct for above in _above(path))
        places = ((numbers.setdefault(one, len(numbers)), group, one in direct) for one in held)
        db.executemany("INSERT INTO held VALUES (?,?,?)", places)
        yield spread


def _above(path: bytes) -> Iterator[bytes]:
    """The folders that a folder lies in, but for the library itself."""
    while path := os.path.split(path)[0]:
        yield path


def _columns(signals: Signals) -> tuple[object, ...]:
    lies = None if signals.alignment is None else json.dumps(astuple(signals.alignment), separators=(",", ":"))
    return (
        signals.similarity, signals.kind, signals.cosine, signals.distance, signals.ssim, signals.tier,
        signals.confidence, lies,
    )  # fmt: skip


def latest(layout: Layout, scan_id: str) -> Path:
    """A scan's result, or what it has found so far where that is all there is."""
    result, provisional = layout.result(scan_id), layout.provisional(scan_id)
    return provisional if provisional.exists() and not result.exists() else result


@contextmanager
def opened(path: Path) -> Iterator[ResultReader]:
    """Open a result to read.

    Raises:
        Conflict: there is none yet (the scan has not ended well), or another version of Lookalike wrote it.
    """
    if not path.exists():
        raise Conflict("This scan has no result: it has not ended, or it did not end well.", code="no_result")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        version = db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
        if version is None or version[0] != VERSION:
            raise Conflict("Another version of Lookalike wrote this result. Scan again.", code="other_version")
        yield ResultReader(db)
