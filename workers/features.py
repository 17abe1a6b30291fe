"""The content-addressed feature store: what was computed of a content, found again by its SHA-256.

A space is a folder of immutable segments (see workers.segments), to which processes and hosts append without locks,
and which others merge (see workers.upkeep). Invariant: a segment that is torn, foreign or does not fit its space is
ignored, never trusted; of a digest in several segments the first found wins.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Sequence
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import pyarrow as pa
import structlog
from numpy.typing import NDArray

from workers import segments
from workers.segments import DIGEST, DIGEST_TYPE, Segment, Shape

__all__ = ["DIGEST", "DIGEST_TYPE", "Space"]

_SETTLED_S = 60.0  # a younger segment that does not load may still be on its way (network file systems)
_CLOCK_S = 2.0  # a folder changed less long ago may change again within one tick of its clock
_LOOKS = 5

_log = structlog.get_logger(__name__)


class Space:
    """One space of the store, for several threads.

    Positions stay good for the life of this object, also when segments are merged, and mean nothing outside it.
    """

    def __init__(self, root: Path, name: str) -> None:
        """``root`` is the store's folder (``Layout.features``). Nothing is read before :meth:`refresh`."""
        self._folder = root / name
        self._lock = RLock()
        self._listed: int | None = None
        self._seen: dict[str, int | None] = {}  # number of each index that was loaded, None for one that is ignored
        self._segments: list[Segment] = []
        self._gone: set[int] = set()
        self._starts = np.zeros(1, np.int64)  # of each segment, and the end of the last
        self._digests = np.zeros((0, 32), np.uint8)
        self._prefixes = np.zeros(0, np.uint64)  # sorted, of what is not gone
        self._order = np.zeros(0, np.int64)  # position of each prefix
        self._table: pa.Table | None = None

    def append(self, table: pa.Table, rows: NDArray[Any] | None) -> None:
        """Store contents, and their rows where the space has any; found after the next :meth:`refresh`.

        Raises:
            ValueError: there is no digest column of 32 bytes, or the rows are not as many.
            OSError: the folder cannot be written to.
        """
        table = _checked(table, rows)
        self._folder.mkdir(parents=True, exist_ok=True)
        if rows is None:
            segments.write(self._folder, table, None)
        else:
            segments.write(self._folder, table, Shape.of(rows), [rows])

    def refresh(self) -> None:
        """Pick up the segments that came, and went, since; costs one look at the folder when none did."""
        with self._lock:
            for _ in range(_LOOKS):
                if self._look():
                    return

    def _look(self) -> bool:
        """Take in what the folder holds; False where a segment went away meanwhile, merged into one not yet listed."""
        changed = _changed(self._folder)
        if changed is None or changed == self._listed:
            return True
        settled = time.time() - changed / 1e9 > _CLOCK_S
        present = segments.listed(self._folder)
        fresh, missing = self._load_new(present)
        self._add(fresh)
        self._drop([name for name in self._seen if name not in present])
        self._listed = changed if settled and not missing else None
        return not any(not (self._folder / name).exists() for name in missing)

    def _load_new(self, present: dict[str, float]) -> tuple[list[Segment], list[str]]:
        """Segments not seen before, oldest first, and names of those that did not load, but may later."""
        fresh: list[Segment] = []
        missing, now = [], time.time()
        for name in (name for name in present if name not in self._seen):
            segment = self._load(self._folder / name, [*self._segments[:1], *fresh[:1]])
            if segment is not None:
                self._seen[name] = len(self._segments) + len(fresh)
                fresh.append(segment)
            elif now - present[name] > _SETTLED_S and (self._folder / name).exists():
                self._seen[name] = None
            else:
                missing.append(name)
        return fresh, missing

    def _load(self, index: Path, first: Sequence[Segment]) -> Segment | None:
        try:
            segment = segments.read(index)
        except FileNotFoundError:
            return None
        except Exception as error:  # NumPy and Arrow raise all sorts of it over damaged bytes (tests/fuzz)
            _log.warning("features_ignored", segment=str(index), reason=str(error))
            return None
        if any(segment.shape != s.shape or segment.table.schema.names != s.table.schema.names for s in first):
            _log.warning("features_ignored", segment=str(index), reason="it does not fit its space")
            return None
        return segment

    def _add(self, fresh: Sequence[Segment]) -> None:
        if not fresh:
            return
        digests = np.concatenate([_digests(segment.table) for segment in fresh])
        ends = int(self._starts[-1]) + np.cumsum([len(segment.table) for segment in fresh])
        self._index(digests, int(self._starts[-1]))
        self._digests = np.concatenate([self._digests, digests])
        self._starts = np.append(self._starts, ends)
        self._segments += fresh
        self._table = None

    def _index(self, digests: NDArray[np.uint8], start: int) -> None:
        prefixes = _prefixes(digests)
        order = np.argsort(prefixes, kind="stable")
        at = np.searchsorted(self._prefixes, prefixes[order], side="right")  # behind equals: the first found wins
        self._prefixes = np.insert(self._prefixes, at, prefixes[order])
        self._order = np.insert(self._order, at, order + start)

    def _drop(self, names: Sequence[str]) -> None:
        """Forget where the contents of segments were that are there no more; their positions stay."""
        if not names:
            return
        self._gone |= {number for name in names if (number := self._seen.pop(name)) is not None}
        owners = np.searchsorted(self._starts, self._order, side="right") - 1
        live = ~np.isin(owners, list(self._gone))
        self._prefixes, self._order = self._prefixes[live], self._order[live]

    def __len__(self) -> int:
        return int(self._starts[-1])

    def find(self, digests: Sequence[bytes]) -> NDArray[np.int64]:
        """Positions of these SHA-256 digests: int64 (n), -1 where unknown."""
        wanted = np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), 32)
        with self._lock:
            return self._find(wanted)

    def _find(self, wanted: NDArray[np.uint8]) -> NDArray[np.int64]:
        prefixes = _prefixes(wanted)
        found = np.full(len(wanted), -1, np.int64)
        at = np.searchsorted(self._prefixes, prefixes)
        open_ = np.arange(len(wanted))
        while True:  # once, but for digests that share their first eight bytes
            open_ = open_[at[open_] < len(self._prefixes)]
            open_ = open_[self._prefixes[at[open_]] == prefixes[open_]]
            if not len(open_):
                return found
            positions = self._order[at[open_]]
            same = (self._digests[positions] == wanted[open_]).all(axis=1)
            found[open_[same]] = positions[same]
            open_ = open_[~same]
            at[open_] += 1

    def take(self, positions: NDArray[np.int64]) -> pa.Table:
        """The index's rows at these positions, in this order. Raises IndexError."""
        self._check(positions)
        with self._lock:
            if not self._segments:
                return pa.table({DIGEST: pa.array([], DIGEST_TYPE)})
            if self._table is None:
                tables = [segment.table for segment in self._segments]
                self._table = pa.concat_tables(tables, promote_options="permissive")
            return self._table.take(pa.array(positions))

    def rows(self, positions: NDArray[np.int64]) -> NDArray[Any]:
        """The rows at these positions, in this order: (n, …) of the space's dtype. Raises IndexError, OSError.

        Read through memory maps, a segment at a time; the maps are dropped, so that they hold no memory.
        """
        self._check(positions)
        shape = self._segments[0].shape if self._segments else None
        if shape is None:
            return np.zeros((len(positions), 0))
        gathered = np.empty((len(positions), *shape.sides), np.dtype(shape.dtype))
        starts = self._starts
        owners = np.searchsorted(starts, positions, side="right") - 1
        for number in np.unique(owners):
            mine = owners == number
            try:
                gathered[mine] = self._segments[number].rows()[positions[mine] - starts[number]]
            except FileNotFoundError:
                gathered[mine] = self._moved_rows(positions[mine])
        return gathered

    def _moved_rows(self, positions: NDArray[np.int64]) -> NDArray[Any]:
        """Rows whose segment was merged into another."""
        self.refresh()
        with self._lock:
            now_at = self._find(self._digests[positions])
        if (now_at < 0).any() or (now_at == positions).any():
            raise FileNotFoundError(errno.ENOENT, "Features were removed while they were used", str(self._folder))
        return self.rows(now_at)

    def _check(self, positions: NDArray[np.int64]) -> None:
        if len(positions) and not (positions.min() >= 0 and positions.max() < len(self)):
            raise IndexError("A position is not of this space: find() answers -1 for a digest that is unknown.")

    def known_prefixes(self) -> NDArray[np.uint64]:
        """The first eight bytes, big-endian, of every known digest, sorted: uint64 (n)."""
        with self._lock:
            return np.unique(self._prefixes)


def _checked(table: pa.Table, rows: NDArray[Any] | None) -> pa.Table:
    if DIGEST not in table.column_names:
        raise ValueError("A table of features needs a column of digests.")
    column = table.schema.get_field_index(DIGEST)
    try:
        digests = table.column(column).cast(DIGEST_TYPE)
    except pa.ArrowException as error:
        raise ValueError(f"Digests must be 32 bytes: {error}") from error
    if digests.null_count:
        raise ValueError("A digest is missing.")
    if rows is not None and len(rows) != len(table):
        raise ValueError(f"There are {len(rows)} rows for {len(table)} digests.")
    return table.set_column(column, pa.field(DIGEST, DIGEST_TYPE), digests)


def _changed(folder: Path) -> int | None:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _digests(table: pa.Table) -> NDArray[np.uint8]:
    column = table[DIGEST].combine_chunks()
    found = np.frombuffer(column.buffers()[1], np.uint8, 32 * len(column), 32 * column.offset)
    return found.reshape(-1, 32)


def _prefixes(digests: NDArray[np.uint8]) -> NDArray[np.uint64]:
    first = np.ascontiguousarray(digests[:, :8]).view(">u8").reshape(-1)
    return first.astype(np.uint64)
