"""Segments: the files that the feature store is made of.

A segment is ``<uuid>.npy`` (rows, where its space has any) and ``<uuid>.parquet`` (their index: ``digest``, 32 bytes,
and the columns of the space, row by row; its metadata tell dtype, shape and SHA-256 of the rows). Files are written
under a temporary name, fsynced and renamed, the index last: it is the commit. Segments are removed index first.

Invariant: a segment whose index is there is whole, and never changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

DIGEST = "digest"
DIGEST_TYPE = pa.binary(32)
INDEX = ".parquet"
ROWS = ".npy"

_SHAPE = b"lookalike:rows"  # dtype and shape of one row, or null
_CHECKSUM = b"lookalike:sha256"  # of the rows' bytes, in hexadecimal
_AT_ONCE = 1024  # rows


@dataclass(frozen=True, slots=True)
class Shape:
    """What one row is: dtype as NumPy writes it, and its shape."""

    dtype: str
    sides: tuple[int, ...]

    @classmethod
    def of(cls, rows: NDArray[Any]) -> Shape:
        return cls(rows.dtype.str, rows.shape[1:])

    @property
    def size(self) -> int:
        """Bytes of one row."""
        return int(np.dtype(self.dtype).itemsize * np.prod(self.sides, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment that was loaded: its index, and where its rows lie; ``shape`` None for a space without rows."""

    table: pa.Table
    shape: Shape | None
    index: Path

    def rows(self) -> NDArray[Any]:
        """The rows, memory-mapped. Raises FileNotFoundError where the segment was removed since, OSError."""
        return np.load(self.index.with_suffix(ROWS), mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]


def write(folder: Path, table: pa.Table, shape: Shape | None, parts: Iterable[NDArray[Any]] = ()) -> Path:
    """Write a segment, its rows part by part, and commit it; returns its index. Raises OSError."""
    name = uuid.uuid4().hex
    metadata = {_SHAPE: json.dumps(None if shape is None else [shape.dtype, *shape.sides])}
    if shape is not None:
        checksum = hashlib.sha256()
        _commit(folder / f"{name}{ROWS}", lambda file: _write_rows(file, len(table), shape, parts, checksum.update))
        metadata[_CHECKSUM] = checksum.hexdigest()
    index = folder / f"{name}{INDEX}"
    _commit(index, lambda file: pq.write_table(table.replace_schema_metadata(metadata), file))
    return index


def _commit(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_rows(
    file: BinaryIO, count: int, shape: Shape, parts: Iterable[NDArray[Any]], seen: Callable[[memoryview], object]
) -> None:
    """As np.save does, but by Python's own write: np.save's OSError does not tell that the disk is full."""
    descr = np.lib.format.dtype_to_descr(np.dtype(shape.dtype))
    header = {"descr": descr, "fortran_order": False, "shape": (count, *shape.sides)}
    np.lib.format.write_array_header_1_0(file, header)
    for part in parts:
        data = _bytes(part)
        file.write(data)
        seen(data)


def _bytes(rows: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data


def read(index: Path) -> Segment:
    """Load a segment and hold it against what its index says. Raises ValueError and, over damaged bytes, much else."""
    table = pq.read_table(index, partitioning=None)
    if table.schema.field(DIGEST).type != DIGEST_TYPE or table[DIGEST].null_count:
        raise ValueError("its digests are none")
    said = json.loads((table.schema.metadata or {})[_SHAPE])
    shape = None if said is None else Shape(said[0], tuple(said[1:]))
    segment = Segment(table.combine_chunks(), shape, index)
    if shape is not None:
        stored = segment.rows()  # also checks the file's length
        if len(stored) != len(table) or Shape.of(stored) != shape:
            raise ValueError(f"its rows are {stored.dtype} {stored.shape}, its index says {len(table)} of {shape}")
    return segment


def check(segment: Segment) -> None:
    """Read every row. Raises ValueError where they are not those that were written, OSError."""
    expected = (segment.table.schema.metadata or {}).get(_CHECKSUM)
    if segment.shape is None or expected is None:  # one of a version that kept no checksum
        return
    stored, checksum = segment.rows(), hashlib.sha256()
    for start in range(0, len(stored), _AT_ONCE):
        checksum.update(_bytes(stored[start : start + _AT_ONCE]))
    if checksum.hexdigest().encode() != expected:
        raise ValueError("its rows are not those that were written")


def listed(folder: Path) -> dict[str, float]:
    """Names of the indexes in a folder, and when each was written (seconds), oldest first. Raises FileNotFoundError."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(INDEX) and not entry.name.startswith("."):
                try:
                    found.append((entry.stat().st_mtime, entry.name))
                except FileNotFoundError:  # removed since
                    continue
    return {name: written for written, name in sorted(found)}


def remove(index: Path) -> None:
    """Remove a segment, whole or damaged."""
    index.unlink(missing_ok=True)
    index.with_suffix(ROWS).unlink(missing_ok=True)
