"""The nearest neighbours of some rows among all rows of a library, by deep features.

Invariant: exact in float32, ties broken by the row; memory is bounded by a piece of the library.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 4096  # rows of the library


class Rows(Protocol):
    """Unit rows by their place: an array, or whatever reads them."""

    def __len__(self) -> int: ...

    def __getitem__(self, places: NDArray[np.int64], /) -> NDArray[np.float32]: ...


class Nearest(NamedTuple):
    """``place`` int64 (n, k) in the library, nearest first, and ``cosine`` float32 (n, k); -1 and -inf beyond its
    end."""

    place: NDArray[np.int64]
    cosine: NDArray[np.float32]


def nearest(asking: NDArray[np.float32], itself: NDArray[np.int64], library: Rows, most: int) -> Nearest:
    """The ``most`` rows of ``library`` with the largest product with each of ``asking`` (n, d), ``itself`` left out.

    ``itself`` int64 (n) is where each stands in the library, -1 where it does not.
    """
    place = np.full((len(asking), most), -1, np.int64)
    cosine = np.full((len(asking), most), -np.inf, np.float32)
    for start in range(0, len(library), _AT_ONCE):
        piece = np.arange(start, min(start + _AT_ONCE, len(library)))
        product = asking @ library[piece].T
        here = np.flatnonzero((itself >= start) & (itself <= piece[-1]))
        product[here, itself[here] - start] = -np.inf
        place, cosine = _best(
            np.hstack([place, np.broadcast_to(piece, product.shape)]), np.hstack([cosine, product]), most
        )
    return Nearest(place, cosine)


def _best(place: NDArray[np.int64], cosine: NDArray[np.float32], most: int) -> Nearest:
    if cosine.shape[1] > 4 * most:
        near = np.argpartition(-cosine, most, axis=1)[:, : 2 * most]
        place, cosine = np.take_along_axis(place, near, 1), np.take_along_axis(cosine, near, 1)
    order = np.lexsort((place, -cosine), axis=1)[:, :most]
    return Nearest(np.take_along_axis(place, order, 1), np.take_along_axis(cosine, order, 1))
