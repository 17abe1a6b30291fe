"""A query: one row against every projected row of a library, exactly, as in a join.

Invariant: the coordinates are read once, from a memory map if you like, and the full rows only of those that may
reach the floor.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.pairs.join import Rows
from workers.pairs.projection import Projection, check_finite, project, slack
from workers.pairs.rounding import gamma

_AT_ONCE = 2048  # rows: their coordinates stay in the cache between two looks


class Found(NamedTuple):
    """Rows that reach the floor, best first: ``places`` int64 (n) in the block, ``cosine`` float32 (n)."""

    places: NDArray[np.int64]
    cosine: NDArray[np.float32]


def search(
    query: NDArray[np.float32],
    rows: Rows,
    projection: Projection | None,
    coordinates: NDArray[np.float32] | None,
    floor: float,
) -> Found:
    """The rows of a block whose product with ``query`` is ``floor`` or more.

    Args:
        query: float32 (d).
        rows: the block's full rows.
        projection, coordinates: as :func:`~workers.pairs.join.hold` takes them; without them every row is read.

    Raises:
        ScanFailed: the query, or a row that was needed, holds a value that is not finite.
    """
    if projection is None or coordinates is None:
        check_finite(query[None])
        places = np.arange(len(rows))
    else:
        places = _candidates(query, projection, coordinates, floor)
    exact = np.empty(len(places))
    for start in range(0, len(places), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        exact[some] = check_finite(rows[places[some]]).astype(np.float64) @ query.astype(np.float64)
    reached = exact >= floor
    order = np.argsort(-exact[reached], kind="stable")
    return Found(places[reached][order], exact[reached][order].astype(np.float32))


def _candidates(
    query: NDArray[np.float32], projection: Projection, coordinates: NDArray[np.float32], floor: float
) -> NDArray[np.int64]:
    """Places of the rows whose bound may reach the floor."""
    (seen,) = project(projection, query[None])
    length = float(np.linalg.norm(seen.astype(np.float64)))
    dimension, directions = projection.directions.shape
    found = [np.empty(0, np.int64)]
    for start in range(0, len(coordinates), _AT_ONCE):
        some = coordinates[start : start + _AT_ONCE]
        longest = 1.001 * float(np.sqrt(np.vecdot(some, some).max()))
        margin = slack(dimension, directions, length, longest) + gamma(directions + 3) * length * longest
        found.append(np.flatnonzero(some @ seen >= floor - margin) + start)
    return np.concatenate(found)
