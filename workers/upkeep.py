"""Care for the feature store: what lies in it, whether it is sound, and making it small and quick to open.

Everything here may run while workers read and append. Invariant: a content that was stored stays found; a merged
segment is committed and read back before those that it holds are removed.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from workers import segments
from workers.segments import DIGEST, INDEX, ROWS, Segment

MERGED_BYTES = 256 << 20
"""A merged segment holds rows of so many bytes at most, and ``MERGED_ROWS`` of them."""
MERGED_ROWS = 1 << 16
UNUSED_S = 90 * 86400.0
"""What was compared is kept for so long after a scan has used it."""
_LEFT_S = 3600.0  # what an interrupted writer left is removed when it is as old as this
_AT_ONCE = 1024  # rows


@dataclass(frozen=True, slots=True)
class Holdings:
    """A space: its name, distinct contents, segments, bytes on disk, and when it was last written to (seconds)."""

    name: str
    contents: int
    segments: int
    size: int
    written: float


@dataclass(frozen=True, slots=True)
class Damage:
    """A segment that cannot be trusted, and why; what it held is computed anew when it is needed."""

    index: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was cleared away: files of interrupted writers, damaged segments, segments merged into fewer."""

    leftovers: int = 0
    damaged: int = 0
    merged: int = 0
    freed: int = 0  # bytes


def spaces(root: Path) -> list[Path]:
    """The folders of the spaces of a store, by name."""
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def holdings(folder: Path) -> Holdings:
    """What a space holds. Damaged segments count as segments, and for their bytes."""
    names = segments.listed(folder)
    digests = [s.table[DIGEST].combine_chunks() for s in _sound(folder, names)]
    contents = len(pa.concat_arrays(digests).unique()) if digests else 0
    return Holdings(folder.name, contents, len(names), _size(folder), max(names.values(), default=0.0))


def damages(folder: Path) -> Iterator[Damage]:
    """Read every segment of a space in full, and tell of those that are not as they were written."""
    for name in segments.listed(folder):
        index = folder / name
        try:
            segments.check(segments.read(index))
        except Exception as error:  # NumPy and Arrow raise all sorts of it over damaged bytes
            if index.exists():
                yield Damage(index, str(error))


def prune(folder: Path) -> Pruned:
    """Clear a space of what nobody reads, and merge its small segments."""
    before = _size(folder)
    leftovers = _remove_leftovers(folder)
    unreadable = _unreadable(folder)
    for index in unreadable:
        segments.remove(index)
    merged = 0
    for group in _groups(_sound(folder, segments.listed(folder))):
        with suppress(FileNotFoundError):  # another merges them at this moment
            merged += merge(group)
    return Pruned(leftovers, len(unreadable), merged, before - _size(folder))


def forget(comparison: Path) -> tuple[int, int]:
    """Remove blocks, coordinates and scores that no scan has used for long; how many files, and their bytes."""
    old, count, freed = time.time() - UNUSED_S, 0, 0
    for path in comparison.rglob("*"):
        with suppress(FileNotFoundError):  # another removes it at this moment
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_mtime < old:
                path.unlink()
                count, freed = count + 1, freed + status.st_size
    return count, freed


def merge(small: Sequence[Segment]) -> int:
    """Write one segment with all that these hold, each content once, and remove them; returns how many they were.

    Raises:
        ValueError: what was written does not read back; nothing was removed.
        FileNotFoundError: one of them was removed meanwhile.
        OSError: the folder cannot be written to.
    """
    table = pa.concat_tables([segment.table for segment in small]).combine_chunks()
    digests = np.array(table[DIGEST].to_pylist(), dtype=object)
    first = np.sort(np.unique(digests, return_index=True)[1])
    index = segments.write(small[0].index.parent, table.take(pa.array(first)), small[0].shape, _parts(small, first))
    try:
        segments.check(segments.read(index))
    except ValueError:
        segments.remove(index)
        raise
    for segment in small:
        segments.remove(segment.index)
    return len(small)


def _parts(small: Sequence[Segment], wanted: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
    """The rows at these places of all segments in turn, some at once; ``wanted`` ascends."""
    start = 0
    for segment in small:
        places = wanted[(wanted >= start) & (wanted < start + len(segment.table))] - start
        stored = segment.rows()
        for at in range(0, len(places), _AT_ONCE):
            yield stored[places[at : at + _AT_ONCE]]
        start += len(segment.table)


def _groups(sound: Iterator[Segment]) -> Iterator[list[Segment]]:
    """Segments to be merged: neighbours in time that fit into one, two at least."""
    group: list[Segment] = []
    for segment in sound:
        room = _most(segment) - sum(len(other.table) for other in group)
        if group and (len(segment.table) > room or segment.shape != group[0].shape):
            if len(group) > 1:
                yield group
            group = []
        if 2 * len(segment.table) <= _most(segment):
            group.append(segment)
    if len(group) > 1:
        yield group


def _most(segment: Segment) -> int:
    row = 1 if segment.shape is None else max(1, segment.shape.size)
    return max(1, min(MERGED_ROWS, MERGED_BYTES // row))


def _sound(folder: Path, names: dict[str, float]) -> Iterator[Segment]:
    first: Segment | None = None
    for name in names:
        try:
            segment = segments.read(folder / name)
        except Exception:  # noqa: S112  # NumPy and Arrow raise all sorts of it; damages() tells of them
            continue
        first = first or segment
        if segment.shape == first.shape and segment.table.schema.names == first.table.schema.names:
            yield segment


def _unreadable(folder: Path) -> list[Path]:
    """Indexes that do not load, of segments that are not on their way any more."""
    listed = segments.listed(folder)
    sound = {segment.index.name for segment in _sound(folder, listed)}
    old = time.time() - _LEFT_S
    return [folder / name for name, written in listed.items() if name not in sound and written < old]


def _remove_leftovers(folder: Path) -> int:
    """Remove drafts, and rows without an index, that are too old to be somebody's work."""
    old, removed = time.time() - _LEFT_S, 0
    for path in folder.iterdir():
        draft = path.name.endswith(".tmp")
        orphan = path.suffix == ROWS and not path.with_suffix(INDEX).exists()
        try:
            if (draft or orphan) and path.stat().st_mtime < old:
                path.unlink()
                removed += 1
        except FileNotFoundError:  # its writer has finished it, or another removed it
            continue
    return removed


def _size(folder: Path) -> int:
    total = 0
    for path in folder.iterdir():
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # removed since
            continue
    return total
