"""Blocks: the features of consecutive contents of a scan, as comparison tasks hold them.

A block is loaded once for several tasks. Of deep features only the projected coordinates are held, and kept in the
scan's folder for other workers; full rows are read from the feature store where a pair needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.context import Context
from shared.domain.errors import ScanFailed
from shared.store.scans import Scan
from shared.whole import written_whole
from workers import spaces, tables
from workers.features import Space
from workers.pairs import join
from workers.pairs.kernels import Kernel, choose
from workers.pairs.projection import Projection, project
from workers.pairs.spectrum import fit, sample_size

_BLOCKS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Block:
    """Features of consecutive rows of contents.parquet, n of them.

    ``hashes`` uint64 (n,), ``sides`` int64 (n, 2) width and height, ``positions`` int64 (n,) in the space of
    pixels, ``deep`` what the similarity join needs, None for a scan without deep features.
    """

    first: int
    hashes: npt.NDArray[np.uint64]
    sides: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]
    deep: join.Block | None


class StoredRows:
    """Unit rows in the feature store, by their place in a block; only those asked for are read."""

    def __init__(self, space: Space, positions: npt.NDArray[np.int64]) -> None:
        self._space = space
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, places: npt.NDArray[np.int64], /) -> npt.NDArray[np.float32]:
        return self._space.rows(self._positions[places]).astype(np.float32, copy=False)


@lru_cache(maxsize=_BLOCKS_KEPT)
def load_block(ctx: Context, scan: Scan, table: str, rows: range) -> Block:
    """The features of ``rows`` of a scan's contents (or of its query); the last few are kept.

    Raises:
        ScanFailed: features that were computed are not in the store any more.
    """
    contents = tables.read(ctx, scan.id, table).slice(rows.start, len(rows))
    digests = contents["digest"].to_pylist()
    space = spaces.deep(ctx, scan)
    return Block(
        first=rows.start,
        hashes=contents["phash"].to_numpy().astype(np.uint64),
        sides=np.stack([contents[name].to_numpy() for name in ("width", "height")], axis=1).astype(np.int64),
        positions=positions(spaces.pixels(ctx, scan), digests),
        deep=None if space is None else _held(ctx, scan, f"{table}-{rows.start}", stored(space, digests)),
    )


def stored(space: Space, digests: list[bytes]) -> StoredRows:
    """The rows of these contents. Raises ScanFailed."""
    return StoredRows(space, positions(space, digests))


def positions(space: Space, digests: list[bytes]) -> npt.NDArray[np.int64]:
    """Where a space holds these contents.

    Raises:
        ScanFailed: one is not there any more.
    """
    space.refresh()
    found = space.find(digests)
    if len(digests) and found.min() < 0:
        raise ScanFailed(
            "Features that were computed are not in the store any more. Was the data folder changed? Scan again.",
            code="features_lost",
        )
    return found


def fit_projection(ctx: Context, scan: Scan, digests: list[bytes], floor: float) -> str:
    """Learn from a sample how this scan's rows are projected; returns the projection's name, "" where none pays.

    A repeat may learn another one, since it goes by measured costs; the scan keeps the one whose unit was counted.
    """
    space = spaces.deep(ctx, scan)
    if space is None or not digests:
        return ""
    rows = stored(space, digests)
    chosen = np.random.default_rng(0).choice(len(rows), sample_size(len(rows)), replace=False)
    found = fit(rows[np.sort(chosen)], floor, len(rows), _kernel(len(rows)))
    if found is None:
        return ""
    with written_whole(_folder(ctx, scan) / f"{found.key}.npz") as draft:
        found.save(draft)
    return found.key


def _folder(ctx: Context, scan: Scan) -> Path:
    return ctx.layout.scan(scan.id) / "blocks"


@lru_cache(maxsize=1)
def _projection(path: Path) -> Projection:
    return Projection.load(path)


@lru_cache(maxsize=1)
def _kernel(rows: int) -> Kernel:
    return choose(rows * (rows - 1) / 2)


def _held(ctx: Context, scan: Scan, name: str, rows: StoredRows) -> join.Block:
    if not scan.projection:
        return join.hold(rows, None, None, _kernel(len(rows)))
    projection = _projection(_folder(ctx, scan) / f"{scan.projection}.npz")
    return join.hold(rows, projection, _coordinates(_folder(ctx, scan), name, projection, rows), _kernel(len(rows)))


def _coordinates(folder: Path, name: str, projection: Projection, rows: StoredRows) -> npt.NDArray[np.float32]:
    """The projected rows of a block, computed by whoever needs them first."""
    path = folder / f"{name}-{projection.key}.npy"
    try:
        kept: npt.NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError):  # not there yet, or torn
        kept = np.empty((0, 0), np.float32)
    if len(kept) == len(rows):
        return kept
    made = project(projection, rows[np.arange(len(rows))])
    with written_whole(path) as draft, draft.open("wb") as file:
        np.save(file, made, allow_pickle=False)
    return made
