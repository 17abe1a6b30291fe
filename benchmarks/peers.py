"""What others do with the same vectors: FAISS's exhaustive range searches, and NumPy over the upper triangle."""

from __future__ import annotations

import time

import faiss
import numpy as np
from numpy.typing import NDArray

_BLOCK = 2048

Answer = tuple[NDArray[np.int64], float]
"""Pairs i < j as sorted i * n + j, and the seconds that it took."""


def faiss_cosine(rows: NDArray[np.float32], floor: float, queries: int, threads: int) -> Answer:
    """IndexFlatIP.range_search of the first ``queries`` rows among all."""
    faiss.omp_set_num_threads(threads)
    start = time.perf_counter()
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    limits, _, found = index.range_search(rows[:queries], floor)
    taken = time.perf_counter() - start
    return _ordered(limits, found, len(rows)), taken


def faiss_hamming(hashes: NDArray[np.uint64], radius: int, threads: int) -> Answer:
    """IndexBinaryFlat.range_search of all hashes among themselves; its radius is exclusive."""
    faiss.omp_set_num_threads(threads)
    packed = hashes.view(np.uint8)
    start = time.perf_counter()
    index = faiss.IndexBinaryFlat(8 * packed.shape[1])
    index.add(packed)
    limits, _, found = index.range_search(packed, radius + 1)
    taken = time.perf_counter() - start
    return _ordered(limits, found, len(hashes)), taken


def numpy_cosine(rows: NDArray[np.float32], floor: float) -> Answer:
    """float32 products of blocks of the upper triangle, with as many threads as BLAS takes."""
    start, found = time.perf_counter(), [np.empty(0, np.int64)]
    for a in range(0, len(rows), _BLOCK):
        for b in range(a, len(rows), _BLOCK):
            i, j = np.nonzero(rows[a : a + _BLOCK] @ rows[b : b + _BLOCK].T >= floor)
            found.append(((i + a) * len(rows) + j + b)[i + a < j + b])
    return np.sort(np.concatenate(found)), time.perf_counter() - start


def _ordered(limits: NDArray[np.uint64], found: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    i = np.repeat(np.arange(len(limits) - 1), np.diff(limits.astype(np.int64)))
    return np.sort((i * rows + found)[i < found])
