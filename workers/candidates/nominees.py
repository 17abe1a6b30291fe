"""Nominees: for each of some contents, others that may show the same, the likeliest of each source first.

Invariant: what is kept depends on the nominees alone, never on the order in which they were found.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

NOMINEE = np.dtype([("row", "<u4"), ("other", "<u4"), ("place", "<u2")])
"""``other`` was nominated for ``row`` (rows of contents.parquet) as number ``place`` of its source, 0 the likeliest."""

Nominees = NDArray[np.void]


def ranked(row: NDArray[np.integer], other: NDArray[np.integer], strength: NDArray[np.floating], most: int) -> Nominees:
    """The ``most`` strongest of each row, in order; ties by ``other``. A pair that comes twice counts once."""
    order = np.lexsort((other, -strength, row))
    row, other = row[order], other[order]
    first = _first(np.stack([row, other], axis=1))
    row, other = row[first], other[first]
    place = places(row)
    found = np.empty(int((place < most).sum()), NOMINEE)
    for name, column in (("row", row), ("other", other), ("place", place)):
        found[name] = column[place < most]
    return found


def places(row: NDArray[np.integer]) -> NDArray[np.int64]:
    """How many equal ones stand before each of some sorted rows."""
    if len(row) == 0:
        return np.empty(0, np.int64)
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    return np.arange(len(row)) - np.repeat(starts, np.diff(np.r_[starts, len(row)]))


def merged(sources: Iterable[Nominees], most: int) -> Nominees:
    """The likeliest of every source in turn, ``most`` of a row at most."""
    everything = np.concatenate([np.empty(0, NOMINEE), *sources])
    found: Nominees = ranked(
        everything["row"].astype(np.int64),
        everything["other"].astype(np.int64),
        -everything["place"].astype(np.float64),
        most,
    )
    return found


def _first(keys: NDArray[np.integer]) -> NDArray[np.int64]:
    """Where each distinct row of ``keys`` stands first, in order."""
    return np.sort(np.unique(keys, axis=0, return_index=True)[1])
