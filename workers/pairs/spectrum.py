"""Fitting: the directions of a sample, and how many of them pay.

More directions cost more for every pair and leave fewer pairs to look at. Both are foreseen, from the bounds of a part
of the sample that the directions have not seen and from what products and reads cost on this machine, and the
cheapest way is taken. Invariant: whatever is chosen is exact; only the time depends on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from workers.pairs.join import DENSE, multiply
from workers.pairs.kernels import Kernel, best_of, nanoseconds
from workers.pairs.projection import Projection, Rows, check_finite

_WIDTHS = (16, 32, 48, 64, 80, 96, 128, 160, 192, 256)  # of a head
_DIRECTIONS = (32, 64, 128, 192, 256, 384, 512)
_SEGMENTS = (1, 2, 4)
_LEAST_SAMPLE = 256
_HELD = 768  # rows of a sample on which a projection is judged
_FAR = 2.0  # times dearer is a gathered number of a row that is too long for the nearest cache
_READ = 2.0  # and again one that comes out of a mapped file, a page at a time
_BLOCK = 8192  # rows, of which each is read once however many of its pairs are left
_FIT_S = 0.5  # about what fitting takes: where all pairs take little longer, it does not pay


@dataclass(frozen=True, slots=True)
class Costs:
    """Nanoseconds on one core.

    ``multiply``: of one multiplication in a product of full rows; ``gather``: of a number of a gathered pair of short
    rows, ``gather_far`` of full rows, ``read`` of a pair of full rows that have to be read.
    """

    multiply: float
    gather: float
    gather_far: float
    read: float

    def rescore(self, dimension: int, left: float) -> float:
        """Of the full rows of a share ``left`` of all pairs, for each of all pairs."""
        read_again = min(1.0, 1.0 / max(left * _BLOCK, 1e-9))
        return left * dimension * (self.gather_far + read_again * self.read)


@dataclass(frozen=True, slots=True)
class _Sample:
    """Held-out rows: ``coordinates`` float64 (n, k) in all directions, ``squared`` their lengths squared (n)."""

    coordinates: NDArray[np.float64]
    squared: NDArray[np.float64]
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]]

    def survivors(self, floor: float, head: int, ends: tuple[int, ...]) -> float:
        """The share of pairs whose bound by a head and segments reaches the floor."""
        columns = [self.coordinates[:, :head]]
        for start, end in zip((head, *ends[:-1]), ends, strict=True):
            columns.append(np.sqrt((self.coordinates[:, start:end] ** 2).sum(axis=1, keepdims=True)))
        rest = np.maximum(self.squared - (self.coordinates[:, : ends[-1]] ** 2).sum(axis=1), 0.0)
        columns[-1] = np.sqrt(columns[-1] ** 2 + rest[:, None])
        bounds = np.concatenate(columns, axis=1)
        return float(((bounds @ bounds.T)[self.pairs] >= floor).mean())


def sample_size(rows: int) -> int:
    """How many rows to give to :func:`fit` for a library of ``rows``: enough to learn from, and cheap."""
    return min(rows, max(1024, min(3072, math.isqrt(64 * rows))))


def fit(sample: Rows, floor: float, rows: int, kernel: Kernel) -> Projection | None:
    """The projection with which all pairs of ``rows`` rows are joined soonest; None where none pays.

    Args:
        sample: float32 (s, d), rows drawn at random; :func:`sample_size` says how many.
        floor: the cosine from which on pairs are wanted.
        rows: how many rows will be joined.
        kernel: what will multiply heads.

    Raises:
        ScanFailed: a row of the sample holds a value that is not finite.
    """
    dimension, pairs = sample.shape[1], rows * (rows - 1) / 2
    costs = measure_costs()
    dense = dimension * costs.multiply
    if len(sample) < _LEAST_SAMPLE or pairs * dense * 1e-9 < 2 * _FIT_S:
        return None
    sample = np.random.default_rng(0).permutation(check_finite(sample))
    shown, held = sample[: -len(sample) // 4], sample[-len(sample) // 4 :]
    directions = principal(shown, min(_DIRECTIONS[-1], len(shown) // 3, dimension // 2))
    cost, plan = _cheapest(_sample(held, directions), floor, rows, dimension, kernel, costs)
    if plan is None or cost > dense:
        return None
    return projection_on(directions[:, : plan[1][-1]], *plan)


def foresee(projection: Projection, sample: Rows, floor: float, rows: int, kernel: Kernel) -> float:
    """Nanoseconds a pair that joining ``rows`` rows like those of the sample, float32 (s, d), takes when projected so.

    What projecting costs is left out: blocks that were projected so are kept.
    """
    held, costs = _sample(check_finite(sample)[:_HELD], projection.directions), measure_costs()
    count = projection.directions.shape[1]
    ends = tuple(min(end, count) for end in projection.ends)
    passed = held.survivors(floor - kernel.precision, projection.head, ends)
    left = held.survivors(floor, count, (count,))
    test = nanoseconds(kernel.name, projection.width)
    return float(test + passed * count * costs.gather + costs.rescore(sample.shape[1], left))


@cache
def measure_costs() -> Costs:
    """What products and gathers cost on this machine: a trial of some milliseconds, once a process."""
    rng = np.random.default_rng(0)
    rows = rng.random((2048, 1024), np.float32)
    i, j = rng.integers(0, len(rows), (2, 512))
    near, some, others = rows[:, :256].copy(), rows[:512], rows[512:1024]
    far = _FAR * best_of(lambda: multiply(rows, rows, i, j), 3) / (512 * 1024) * 1e9
    return Costs(
        multiply=best_of(lambda: some @ others.T, 3) / (512**2 * 1024) * 1e9,
        gather=best_of(lambda: multiply(near, near, i, j), 3) / (512 * 256) * 1e9,
        gather_far=far,
        read=_READ * far,
    )


def _sample(held: Rows, directions: Rows) -> _Sample:
    whole = held.astype(np.float64)
    return _Sample(whole @ directions, np.vecdot(whole, whole), np.triu_indices(len(held), 1))


def _cheapest(
    sample: _Sample, floor: float, rows: int, dimension: int, kernel: Kernel, costs: Costs
) -> tuple[float, tuple[int, tuple[int, ...]] | None]:
    """Nanoseconds a pair of the cheapest plan, and the plan: length of the head, ends of the segments."""
    most = sample.coordinates.shape[1]
    blurred = floor - kernel.precision
    heads = {}
    for width in _WIDTHS:
        for segments in _SEGMENTS if width - _SEGMENTS[-1] < most else ():
            head = width - segments
            ends = _ends(head, most, segments)
            heads[head, ends] = (nanoseconds(kernel.name, width), sample.survivors(blurred, head, ends))
    best, plan = math.inf, None
    for count in [k for k in _DIRECTIONS if k < most] + [most]:
        left = sample.survivors(floor, count, (count,))
        fixed = 4 * dimension * count / rows * costs.multiply + costs.rescore(dimension, left)
        for (head, ends), (test, passed) in heads.items():
            cost = fixed + test + passed * count * costs.gather
            if head < count and passed < DENSE and cost < best:
                best, plan = cost, (head, _ends(head, count, len(ends)))
    return best, plan


def _ends(head: int, directions: int, segments: int) -> tuple[int, ...]:
    """Ends of segments from ``head`` to ``directions``, each longer than the one before by the same factor."""
    return tuple(round(head * (directions / head) ** (s / segments)) for s in range(1, segments + 1))


def principal(rows: Rows, most: int) -> Rows:
    """The leading right singular vectors of rows (n, d), uncentred, float32 (d, k), that rise over rounding."""
    wide = rows.shape[0] < rows.shape[1]
    gram = rows @ rows.T if wide else rows.T @ rows
    values, vectors = np.linalg.eigh(gram)
    chosen = np.flatnonzero(values > 1e-5 * max(values[-1], 1e-30))[: -most - 1 : -1]
    values, vectors = values[chosen], vectors[:, chosen]
    return rows.T @ (vectors / np.sqrt(values)) if wide else vectors


def projection_on(directions: Rows, head: int, ends: tuple[int, ...]) -> Projection:
    """The projection on the span of ``directions`` (d, k), made orthonormal, then shorter by a hair: see Projection."""
    orthonormal = np.linalg.qr(directions)[0].astype(np.float64)
    gram = orthonormal.T @ orthonormal
    norm = math.sqrt(
        float(np.abs(gram).sum(axis=1).max(initial=1.0))
    )  # the largest row sum is never less than the norm
    rounded = np.ascontiguousarray(orthonormal / (norm * (1 + 1e-5)), np.float32)
    return Projection(rounded, head, ends)
