"""Blocks: the features of the contents of a block, as comparison tasks hold them.

A block is loaded once for several tasks, and stays loaded for the next scan or search. Of deep features only the
projected coordinates are held, kept in the data folder for other workers and later scans; full rows are read from
the feature store where a pair needs them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.context import Context
from shared.domain.errors import ScanFailed
from shared.store.scans import Scan
from shared.whole import written_whole
from workers import cover, spaces, tables
from workers.features import Space
from workers.pairs import join
from workers.pairs.kernels import Kernel, choose
from workers.pairs.projection import Projection, project
from workers.stages import projections

_BLOCKS_KEPT = 128
"""As many as a million images have in blocks of 8,192: about 2 MB each, and what is mapped of their coordinates."""


@dataclass(frozen=True, slots=True)
class Block:
    """Features of the contents of a block, n of them, in its order.

    ``hashes`` uint64 (n,), ``sides`` int64 (n, 2) width and height, ``positions`` int64 (n,) in the space of
    pixels, ``deep`` what the similarity join needs, None for a scan without deep features.
    """

    hashes: npt.NDArray[np.uint64]
    sides: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]
    deep: join.Block | None

    def __len__(self) -> int:
        return len(self.hashes)

    def only(self, places: npt.NDArray[np.int64]) -> Block:
        """The images at these places, without deep features."""
        return Block(self.hashes[places], self.sides[places], self.positions[places], None)


class StoredRows:
    """Unit rows in the feature store, by their place in a block; only those asked for are read."""

    def __init__(self, space: Space, positions: npt.NDArray[np.int64]) -> None:
        self._space = space
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, places: npt.NDArray[np.int64], /) -> npt.NDArray[np.float32]:
        return self._space.rows(self._positions[places]).astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True)
class Signals:
    """What decides how a block is held: the spaces of its features, the projection, how many pairs are to come."""

    pixels: str
    deep: str | None
    projection: str
    many: bool

    @classmethod
    def of(cls, scan: Scan, pairs: float) -> Signals:
        return cls(spaces.pixels_of(scan), scan.deep, scan.projection or "", pairs >= _MANY)


_MANY = 2e10
"""Pairs from which on another kernel may pay: see workers.pairs.kernels."""


def load_block(ctx: Context, signals: Signals, name: str) -> Block:
    """The features of a block's contents; the last few blocks are kept.

    Raises:
        ScanFailed: the block, or features that were computed, are not there any more.
    """
    return _load(ctx, signals, name)


@lru_cache(maxsize=_BLOCKS_KEPT)
def _load(ctx: Context, signals: Signals, name: str) -> Block:
    try:
        digests = cover.read(ctx.layout.comparison / "blocks", name)
    except (OSError, ValueError) as error:
        raise ScanFailed(
            f"A block of contents cannot be read ({error}). Was the data folder changed? Scan again.",
            code="block_lost",
        ) from error
    return _made(ctx, signals, [row.tobytes() for row in digests], name)


def load_query(ctx: Context, scan: Scan, signals: Signals) -> Block:
    """The features of the image that is searched for. Raises ScanFailed."""
    digests = tables.read(ctx, scan.id, tables.indexed(scan, "query"), ["digest"])["digest"].to_pylist()
    return _made(ctx, signals, digests, None)


def _made(ctx: Context, signals: Signals, digests: list[bytes], name: str | None) -> Block:
    pixels = spaces.named(ctx, signals.pixels)
    places = positions(pixels, digests)
    seen = pixels.take(places)
    rows = None if signals.deep is None else stored(spaces.named(ctx, signals.deep), digests)
    return Block(
        hashes=seen["phash"].to_numpy().astype(np.uint64),
        sides=np.stack([seen[side].to_numpy() for side in ("width", "height")], axis=1).astype(np.int64),
        positions=places,
        deep=None if rows is None else _held(ctx, signals, name, rows),
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


@lru_cache(maxsize=2)
def _kernel(many: bool) -> Kernel:
    return choose(_MANY if many else 0.0)


def _held(ctx: Context, signals: Signals, name: str | None, rows: StoredRows) -> join.Block:
    if not signals.projection or signals.deep is None:
        return join.hold(rows, None, None, _kernel(signals.many))
    folder = projections.folder(ctx, signals.deep)
    projection = _projection(folder / f"{signals.projection}.npz")
    path = None if name is None else folder / signals.projection / f"{name}.npy"
    return join.hold(rows, projection, _coordinates(path, projection, rows), _kernel(signals.many))


@lru_cache(maxsize=2)
def _projection(path: Path) -> Projection:
    return Projection.load(path)


def _coordinates(path: Path | None, projection: Projection, rows: StoredRows) -> npt.NDArray[np.float32]:
    """The projected rows of a block, computed by whoever needs them first; memory-mapped where they are kept."""
    if path is not None:
        try:
            kept: npt.NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):  # not there yet, or torn
            kept = np.empty((0, 0), np.float32)
        if len(kept) == len(rows):
            os.utime(path)  # of use still
            return kept
    made = project(projection, rows[np.arange(len(rows))])
    if path is not None:
        with written_whole(path) as draft, draft.open("wb") as file:
            np.save(file, made, allow_pickle=False)
    return made
