"""The similarity join of two blocks: every pair of rows whose product reaches a floor, and no other.

A pair is tested three times, each test dearer and met by fewer pairs: by its heads (a product of tiles), by all its
coordinates, and by its full rows. The first two bound the product from above, so they lose nothing. Where so many
pairs of a tile remain that tests pay no more, the tile's full rows are multiplied instead.

Invariant: the pairs given are those of a float64 product of the full rows; memory is bounded however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from workers.pairs.kernels import TILE, Indices, Kernel, Tile
from workers.pairs.projection import Projection, check_finite, heads, slack
from workers.pairs.rounding import UNIT, gamma, product, product_error, squared_norms

Floats = NDArray[np.float32]

GATHERED = 24 << 10  # numbers gathered at once: 96 kB; from 128 kB on, glibc maps each array afresh, six times slower
DENSE = 1 / 32  # of a tile's pairs: from here on a product of its full rows is cheaper than pair by pair
_AT_ONCE = 1 << 16  # pairs that wait for their full rows
_EXACT_AT_ONCE = 1 << 23  # numbers in float64: 64 MB


class Rows(Protocol):
    """Full rows by their place in the block: an array, a memory map, or whatever reads them."""

    def __len__(self) -> int: ...

    def __getitem__(self, places: Indices, /) -> Floats:
        """float32 (n, d) of the rows at int64 (n)."""


class Pairs(NamedTuple):
    """Pairs of places in two blocks: ``i`` and ``j`` int32, ``cosine`` float32; as long as one another."""

    i: NDArray[np.int32]
    j: NDArray[np.int32]
    cosine: Floats

    @classmethod
    def of(cls, parts: Iterable[Pairs]) -> Pairs:
        """All pairs in one, in the order of i, then j."""
        joined = [np.concatenate(column) for column in zip(_NONE, *parts, strict=True)]
        order = np.lexsort((joined[1], joined[0]))
        return cls(*(column[order] for column in joined))


_NONE = Pairs(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32))


@dataclass(frozen=True, slots=True)
class Block:
    """A block as a worker holds it: see :func:`hold`.

    ``coordinates`` float32 (n, k + 1) or None, ``tiles`` the heads of each ``TILE`` rows, ``dimension`` d.
    """

    rows: Rows
    projection: Projection | None
    coordinates: Floats | None
    tiles: tuple[Tile, ...]
    kernel: Kernel

    @property
    def dimension(self) -> int:
        return 0 if self.projection is None else int(self.projection.directions.shape[0])


def hold(rows: Rows, projection: Projection | None, coordinates: Floats | None, kernel: Kernel) -> Block:
    """Make a block ready to be joined, as often as you like.

    Args:
        rows: the block's full rows; only those needed are read.
        projection: None where it does not pay: then full rows are multiplied.
        coordinates: what :func:`~workers.pairs.projection.project` gave, float32 (n, k + 1), perhaps a memory map.
        kernel: what multiplies heads.
    """
    if projection is None or coordinates is None:
        return Block(rows, None, None, (), kernel)
    head = heads(projection, coordinates)
    tiles = tuple(kernel.prepare(head[start : start + TILE]) for start in range(0, len(head), TILE))
    return Block(rows, projection, np.ascontiguousarray(coordinates), tiles, kernel)


def join_blocks(a: Block, b: Block, same: bool, floor: float) -> Iterator[Pairs]:
    """Every pair of a row of ``a`` and a row of ``b`` whose product is ``floor`` or more.

    Args:
        same: the two are one block: pairs with i < j only.
        floor: cosine of unit rows. Products within 1e-12 of it may fall on either side.

    Yields:
        A million pairs at a time at most, in no particular order.

    Raises:
        ScanFailed: a row that was needed holds a value that is not finite.
    """
    waiting: list[tuple[Indices, Indices]] = []
    for at, bt in _tiles(len(a.rows), len(b.rows), same):
        found = _candidates(a, b, at, bt, same, floor)
        if found is None:
            yield _dense(a, b, at, bt, same, floor)
            continue
        waiting.append(found)
        if sum(len(i) for i, _ in waiting) >= _AT_ONCE:
            yield _rescored(a, b, waiting, floor)
            waiting = []
    if waiting:
        yield _rescored(a, b, waiting, floor)


def _tiles(n: int, m: int, same: bool) -> Iterator[tuple[range, range]]:
    for i in range(0, n, TILE):
        for j in range(i if same else 0, m, TILE):
            yield range(i, min(i + TILE, n)), range(j, min(j + TILE, m))


def _candidates(a: Block, b: Block, at: range, bt: range, same: bool, floor: float) -> tuple[Indices, Indices] | None:
    """Places of the pairs of a tile that may reach the floor; None where they are too many to look at one by one."""
    if a.coordinates is None or b.coordinates is None or a.projection is None:
        return None
    one, other = a.tiles[at.start // TILE], b.tiles[bt.start // TILE]
    least = floor - slack(a.dimension, a.projection.directions.shape[1], one.norm, other.norm)
    if least <= 0:
        return None
    i, j = a.kernel.reach(one, other, least)
    if len(i) > DENSE * len(at) * len(bt):
        return None
    i, j = i + at.start, j + bt.start
    if same:
        i, j = i[i < j], j[i < j]
    bound = multiply(a.coordinates, b.coordinates, i, j)
    close = bound >= least - gamma(a.coordinates.shape[1] + 2) * one.norm * other.norm  # 2: the threshold is rounded
    return i[close], j[close]


def multiply(a: Floats, b: Floats, i: Indices, j: Indices) -> Floats:
    """Products of the rows a[i] and b[j], float32 (n), a cache full at a time."""
    found = np.empty(len(i), np.float32)
    step = max(1, GATHERED // a.shape[1])
    for start in range(0, len(i), step):
        some = slice(start, start + step)
        found[some] = np.vecdot(a.take(i[some], axis=0), b.take(j[some], axis=0))
    return found


def _rescored(a: Block, b: Block, waiting: list[tuple[Indices, Indices]], floor: float) -> Pairs:
    """The waiting pairs that do reach the floor, by their full rows, each of which is read once."""
    i, j = (np.concatenate(column) for column in zip(*waiting, strict=True))
    if not len(i):
        return _NONE
    (rows_i, at_i), (rows_j, at_j) = _read(a.rows, i), _read(b.rows, j)
    cosine = multiply(rows_i, rows_j, at_i, at_j)
    reached = cosine >= floor
    unsure = np.flatnonzero(np.abs(cosine - floor) <= _doubt(gamma(rows_i.shape[1]), rows_i, rows_j))
    for some in np.array_split(unsure, 1 + len(unsure) * rows_i.shape[1] // _EXACT_AT_ONCE):
        one, other = rows_i[at_i[some]].astype(np.float64), rows_j[at_j[some]].astype(np.float64)
        exact = np.vecdot(one, other)
        cosine[some], reached[some] = exact, exact >= floor
    return _pairs(i[reached], j[reached], cosine[reached])


def _dense(a: Block, b: Block, at: range, bt: range, same: bool, floor: float) -> Pairs:
    """The pairs of a tile that reach the floor, by a product of its full rows."""
    rows_i, rows_j = (check_finite(held.rows[np.arange(r.start, r.stop)]) for held, r in ((a, at), (b, bt)))
    cosine = product(rows_i, rows_j)
    reached = cosine >= floor
    doubt = _doubt(product_error(rows_i.shape[1]), rows_i, rows_j)
    unsure = np.abs(cosine - floor) <= doubt
    if unsure.any():
        lines = np.flatnonzero(unsure.any(axis=1))
        exact = rows_i[lines].astype(np.float64) @ rows_j.T.astype(np.float64)
        cosine[lines] = np.where(unsure[lines], exact, cosine[lines])
        reached[lines] = np.where(unsure[lines], exact >= floor, reached[lines])
    if same and at == bt:
        reached = np.triu(reached, k=1)
    i, j = np.nonzero(reached)
    return _pairs(i + at.start, j + bt.start, cosine[i, j])


def _read(rows: Rows, places: Indices) -> tuple[Floats, Indices]:
    """The full rows at these places, each once, and where in them each place is."""
    distinct, at = np.unique(places, return_inverse=True)
    return check_finite(rows[distinct]), at


def _doubt(error: float, a: Floats, b: Floats) -> float:
    """The largest error of the products of these rows, in float32."""
    longest = [float(np.sqrt(squared_norms(rows).max(initial=0.0))) for rows in (a, b)]
    return 1.01 * (error + UNIT) * longest[0] * longest[1]


def _pairs(i: Indices, j: Indices, cosine: Floats) -> Pairs:
    return Pairs(i.astype(np.int32), j.astype(np.int32), cosine)
