"""Rows that make a similarity join stumble, and what a float64 product of every pair finds in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.pairs.join import Pairs

TOLERANCE = 1e-9
"""Around the floor, where summation order decides: a thousand times less than is promised."""

Rows = NDArray[np.float32]


def unit(rows: NDArray[np.floating]) -> Rows:
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def random(rng: np.random.Generator, n: int, d: int, floor: float) -> Rows:
    return unit(rng.standard_normal((n, d)))


def realistic(rng: np.random.Generator, n: int, d: int, floor: float) -> Rows:
    """Rectified, of a decaying spectrum, with look-alikes around the floor."""
    rank = min(d, 64)
    latent = rng.standard_normal((n, rank)) * np.arange(1, rank + 1) ** -0.7
    rows = unit(np.maximum(latent @ rng.standard_normal((rank, d)) + 0.3, 0))
    copies = n // 4
    angle = np.arccos(floor) * rng.uniform(0, 2, (copies, 1))
    rows[:copies] = unit(np.cos(angle) * rows[-copies:] + np.sin(angle) * unit(rng.standard_normal((copies, d))))
    return rows


def equal(rng: np.random.Generator, n: int, d: int, floor: float) -> Rows:
    return np.repeat(unit(rng.standard_normal((1, d))), n, axis=0)


def zero(rng: np.random.Generator, n: int, d: int, floor: float) -> Rows:
    rows = realistic(rng, n, d, floor)
    rows[rng.random(n) < 0.5] = 0
    return rows


def one_hot(rng: np.random.Generator, n: int, d: int, floor: float) -> Rows:
    return np.eye(d, dtype=np.float32)[rng.integers(0, d, n)]


def at_the_floor(rng: np.random.Generator, n: int, d: int, floor: float) -> Rows:
    """Every pair's cosine is the floor, up to the rounding of the rows; a few rows are double."""
    rows = np.zeros((n, max(d, n + 1)))
    rows[:, 0], rows[np.arange(n), np.arange(1, n + 1)] = floor**0.5, (1 - floor) ** 0.5
    rows[: n // 8] = rows[n // 8 : 2 * (n // 8)]
    return unit(rows[:, rng.permutation(rows.shape[1])])


KINDS = [random, realistic, equal, zero, one_hot, at_the_floor]


def assert_same_pairs(found: Pairs, a: Rows, b: Rows, same: bool, floor: float) -> None:
    """The pairs found are those of the float64 product, once each, with their cosines."""
    truth = a.astype(np.float64) @ b.T.astype(np.float64)
    given = np.zeros(truth.shape, np.int64)
    np.add.at(given, (found.i, found.j), 1)
    wanted = np.triu(np.ones(truth.shape, bool), k=1) if same else np.ones(truth.shape, bool)
    assert given.max(initial=0) <= 1, "a pair was given twice"
    assert not given[~wanted].any(), "a pair that was not asked for"
    assert given[wanted & (truth >= floor + TOLERANCE)].all(), "a pair was missed"
    assert not given[truth < floor - TOLERANCE].any(), "a pair under the floor"
    np.testing.assert_allclose(found.cosine, truth[found.i, found.j], atol=2e-6)
