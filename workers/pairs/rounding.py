"""How far rounding can put a computed product from the true one: the margins of every test in this package.

Invariant: each figure is an upper bound that holds in any order of summation (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., 2002, section 3.1), not an estimate.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

UNIT = 2.0**-24
"""Largest relative error of one float32 rounding."""
_CHUNK = 256  # columns summed at once: the bound grows with the length of a sum, so long ones are cut


def gamma(terms: int) -> float:
    """Largest error of a float32 product of ``terms`` terms, relative to the product of the two norms."""
    return terms * UNIT / (1.0 - terms * UNIT)


def product(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """``a @ b.T``, float32 (n, d) and (m, d) to (n, m), summed so that :func:`product_error` holds."""
    total = a[:, :_CHUNK] @ b[:, :_CHUNK].T
    part = np.empty_like(total)
    for start in range(_CHUNK, a.shape[1], _CHUNK):
        total += np.matmul(a[:, start : start + _CHUNK], b[:, start : start + _CHUNK].T, out=part)
    return total


def product_error(dimension: int) -> float:
    """Largest error of an entry of :func:`product`, relative to the product of the two norms."""
    return gamma(min(dimension, _CHUNK) + math.ceil(dimension / _CHUNK))


def squared_norms(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Squared lengths of rows (n, d), with the relative error of :func:`product_error` at most."""
    total = np.zeros(len(rows))
    for start in range(0, rows.shape[1], _CHUNK):
        part = rows[:, start : start + _CHUNK]
        total += np.vecdot(part, part)
    return total
