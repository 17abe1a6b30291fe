"""Variety among nominees: of copies of one picture a few are enough.

A collage shares parts with every copy of each picture in it. Where all places go to the copies of one, none is left for
the others; and whoever meets one of a family is laid on all of it later (workers.stages.pairing).

Invariant: nobody is dropped, and the strongest nominee of each kind keeps its place before the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.candidates.nominees import Nominees

ALIKE = 3
"""So many copies of one picture are asked before all others have had their turn: one alone may be hard to prove."""


def varied(found: Nominees, asking: NDArray[np.uint64], turned: NDArray[np.uint64], bits: int) -> NDArray[np.float64]:
    """How early each nominee is to be asked: float64 (n), the larger the earlier.

    Args:
        found: nominees, in order of their rows and places.
        asking: the upright hash of each nominee's row, uint64 (n).
        turned: the hashes of the eight turned versions of each nominee, uint64 (n, 8).
        bits: hashes that differ in so many at most are those of copies. Copies of a row itself come last: their hashes
            nominate them.
    """
    late = np.zeros(len(found), bool)
    starts = np.flatnonzero(np.diff(found["row"].astype(np.int64), prepend=-1))
    for start, stop in zip(starts, np.r_[starts[1:], len(found)], strict=True):
        late[start:stop] = _late(asking[start], turned[start:stop], bits)
    early: NDArray[np.float64] = np.where(late, -1.0e6, 0.0) - found["place"]
    return early


def _late(asking: np.uint64, turned: NDArray[np.uint64], bits: int) -> NDArray[np.bool_]:
    """Which of a row's nominees, the strongest first, come after the others."""
    alike = _near(turned[:, None, :], turned[None, :, :1], bits)
    late, before = _near(turned, asking, bits), np.zeros(len(turned), np.int64)
    for place, copies in enumerate(alike):
        late[place] |= before[place] >= ALIKE
        before += copies & ~late[place]
    return late


def _near(one: NDArray[np.uint64], other: NDArray[np.uint64] | np.uint64, bits: int) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.bitwise_count(one ^ other).min(axis=-1) <= bits
    return near
