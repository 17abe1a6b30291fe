"""Distances between perceptual hashes.

Invariant: a hash is a uint64 whose first bit is the most significant; distances are exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def distances(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Hamming distances in bits, 0 to 64, of every hash in ``a`` (n) to every hash in ``b`` (m): uint8 (n, m)."""
    counts: NDArray[np.uint8] = np.bitwise_count(a[:, None] ^ b[None, :])
    return counts


def paired_distances(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Hamming distances in bits of ``a[i]`` to ``b[i]``: uint8 (n)."""
    counts: NDArray[np.uint8] = np.bitwise_count(a ^ b)
    return counts
