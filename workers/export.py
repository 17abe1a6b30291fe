"""The feature store written out for others: a file a space, and one that tells which files hold which content.

Invariant: a row of every table is a content, known by its SHA-256; what is written is whole or not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from shared.layout import Layout
from shared.whole import written_whole
from workers.features import DIGEST, Space

_AT_ONCE = 4096  # rows


class Format(StrEnum):
    PARQUET = "parquet"  # one file a space, its rows in the column ``row``
    NPY = "npy"  # the rows of a space as an array, and its table beside it


def export_space(root: Path, name: str, target: Path, format: Format) -> tuple[list[Path], int]:
    """Write a space into the folder ``target``; returns the files, and how many contents they hold. Raises OSError."""
    space = Space(root, name)
    space.refresh()
    everything = space.take(np.arange(len(space)))
    positions = np.unique(space.find(everything[DIGEST].to_pylist()))  # each content once
    table = space.take(positions)
    if len(positions) == 0 or space.rows(positions[:1]).shape[1:] == (0,):
        return [_write_table(table, target / f"{name}.parquet")], len(positions)
    if format is Format.PARQUET:
        return [_write_with_rows(space, positions, table, target / f"{name}.parquet")], len(positions)
    written = _write_table(table, target / f"{name}.parquet")
    return [_write_rows(space, positions, target / f"{name}.npy"), written], len(positions)


def export_files(layout: Layout, target: Path) -> Path:
    """Write files.parquet: library id, path, size, time and digest of each file as the latest scans saw it."""
    manifests = sorted(layout.manifest("x").parent.glob("*.parquet"))
    parts = [_with_library(pq.read_table(path), path.stem) for path in manifests]
    empty = pa.table({"library": pa.array([], pa.string()), "path": pa.array([], pa.binary())})
    return _write_table(pa.concat_tables(parts) if parts else empty, target / "files.parquet")


def _with_library(table: pa.Table, library: str) -> pa.Table:
    return table.add_column(0, "library", pa.array([library] * len(table), pa.string()))


def _write_table(table: pa.Table, path: Path) -> Path:
    with written_whole(path) as draft:
        pq.write_table(table, draft)
    return path


def _write_with_rows(space: Space, positions: np.ndarray, table: pa.Table, path: Path) -> Path:
    with written_whole(path) as draft:
        writer: pq.ParquetWriter | None = None
        for start in range(0, len(positions), _AT_ONCE):
            rows = space.rows(positions[start : start + _AT_ONCE])
            flat = pa.array(rows.reshape(-1))
            column = pa.FixedSizeListArray.from_arrays(flat, rows[0].size)
            part = table.slice(start, len(rows)).append_column("row", column)
            writer = writer or pq.ParquetWriter(draft, part.schema)
            writer.write_table(part)
        if writer is not None:
            writer.close()
    return path


def _write_rows(space: Space, positions: np.ndarray, path: Path) -> Path:
    first = space.rows(positions[:1])
    with written_whole(path) as draft:
        out = np.lib.format.open_memmap(draft, "w+", first.dtype, (len(positions), *first.shape[1:]))
        for part in _parts(len(positions)):
            out[part] = space.rows(positions[part])
        out.flush()
        del out
    return path


def _parts(count: int) -> Iterator[slice]:
    return (slice(start, start + _AT_ONCE) for start in range(0, count, _AT_ONCE))
