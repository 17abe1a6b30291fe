"""Products of tiles of rows: which pairs may reach a threshold. The only module that imports TensorFlow here.

A tile is up to ``TILE`` rows, prepared once and multiplied many times. Invariant: a kernel may name a pair whose
product lies under the threshold, but never misses one that reaches it; its rounding is part of the tile.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from workers.pairs.rounding import gamma

TILE = 1024
"""Rows of a tile: its product (4 MB) is scanned before it leaves the cache."""
_WORTH_IMPORTING = 2e10  # pairs; TensorFlow takes four seconds and 400 MB, which fewer pairs do not give back

_TRIED = (32, 192)  # widths
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tile:
    """Rows as a kernel wants them. ``norm``: their largest length; ``error``: largest distance moved by rounding."""

    data: Any
    rows: int
    width: int
    norm: float
    error: float


class Kernel(Protocol):
    """A way to multiply tiles."""

    name: str
    precision: float
    """What is to be taken off a threshold near 1, about, for estimates."""

    def prepare(self, rows: NDArray[np.float32]) -> Tile:
        """A tile of float32 rows (n, w), n at most ``TILE``."""

    def reach(self, a: Tile, b: Tile, threshold: float) -> tuple[Indices, Indices]:
        """Every pair (row of a, row of b) whose product is ``threshold`` or more, and few others. Threshold > 0."""


class Float32:
    """BLAS in float32, wherever NumPy runs."""

    name = "float32"
    precision = 0.0

    def __init__(self) -> None:
        self._product = np.empty((TILE, TILE), np.float32)

    def prepare(self, rows: NDArray[np.float32]) -> Tile:
        return Tile(np.ascontiguousarray(rows), rows.shape[0], rows.shape[1], _longest(rows), 0.0)

    def reach(self, a: Tile, b: Tile, threshold: float) -> tuple[Indices, Indices]:
        product = self._product.ravel()[: a.rows * b.rows].reshape(a.rows, b.rows)
        np.matmul(a.data, b.data.T, out=product)
        return _where(product, np.float32(_least(a, b, threshold)))


class BFloat16:
    """TensorFlow's product in bfloat16 (AMX, AVX512-BF16), summed in float32 and rounded to bfloat16.

    Rounding is monotonic, so a product that reaches a number, once rounded, reaches that number rounded; and
    positive bfloat16 are ordered as their bits are, negative ones read as negative integers.
    """

    name = "bfloat16"
    precision = 0.006

    def __init__(self) -> None:
        self._tf = _tensorflow()
        self._type = self._tf.bfloat16.as_numpy_dtype

    def prepare(self, rows: NDArray[np.float32]) -> Tile:
        rounded = rows.astype(self._type)
        moved = rounded.astype(np.float32) - rows  # exact: the two share their leading bits
        return Tile(self._tf.constant(rounded), rows.shape[0], rows.shape[1], _longest(rows), _longest(moved))

    def reach(self, a: Tile, b: Tile, threshold: float) -> tuple[Indices, Indices]:
        least = np.array([max(_least(a, b, threshold), 0.0)], np.float32).astype(self._type).view(np.int16)[0]
        if least == 0:  # negative numbers may do, and are not in the order of their bits: every pair
            return _where(np.ones((a.rows, b.rows), np.int16), least)
        product = self._tf.raw_ops.MatMul(a=a.data, b=b.data, transpose_b=True)
        bits = np.from_dlpack(self._tf.raw_ops.Bitcast(input=product, type=self._tf.int16))
        return _where(bits, least)


def choose(pairs: float) -> Kernel:
    """The fastest kernel of this machine for about ``pairs`` pairs. Call it after the fork."""
    one_thread()
    if pairs < _WORTH_IMPORTING or not bfloat16_offered():
        return named("float32")
    try:
        candidates = [named("float32"), named("bfloat16")]
    except ImportError:  # damaged
        return named("float32")
    return min(candidates, key=lambda kernel: nanoseconds(kernel.name, 64))


@cache
def named(name: str) -> Kernel:
    """The kernel ``float32`` or ``bfloat16`` of this process."""
    return BFloat16() if name == "bfloat16" else Float32()


def nanoseconds(name: str, width: int) -> float:
    """What a pair of rows of ``width`` costs in this kernel, on one core, with its scan, by two trials."""
    narrow, wide = _trial(name, _TRIED[0]), _trial(name, _TRIED[1])
    return max(narrow / 2, narrow + (wide - narrow) * (width - _TRIED[0]) / (_TRIED[1] - _TRIED[0]))


@cache
def _trial(name: str, width: int) -> float:
    kernel, rng = named(name), np.random.default_rng(0)
    rows = rng.standard_normal((2, TILE, width), np.float32) / np.float32(width**0.5)
    a, b = (kernel.prepare(some) for some in rows)  # two: NumPy multiplies a tile by itself in another way
    return best_of(lambda: kernel.reach(a, b, 4.0), 5) / TILE**2 * 1e9


def best_of(work: Any, times: int) -> float:
    """Processor seconds of the cheapest run, after one to warm up: other processes may share the machine."""
    taken = []
    for _ in range(times + 1):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken[1:])


def bfloat16_offered() -> bool:
    """Whether the processor multiplies bfloat16 and TensorFlow is installed; imports nothing."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return False
    return bool({"amx_bf16", "avx512_bf16"} & flags) and importlib.util.find_spec("tensorflow") is not None


@cache
def one_thread() -> None:
    """Let NumPy's BLAS use one thread from here on: a worker is one process a core."""
    threadpool_limits(1)


def _tensorflow() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets at length
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # somebody else began to use it here: as right, perhaps not as fast
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


def _least(a: Tile, b: Tile, threshold: float) -> float:
    """The least computed product of a pair whose true product is ``threshold``.

    Twice the terms, since processors that multiply bfloat16 in pairs round once more a pair.
    """
    moved = a.error * b.norm + a.norm * b.error + a.error * b.error
    summed = gamma(2 * a.width) * (a.norm + a.error) * (b.norm + b.error)
    return threshold - moved - summed


def _longest(rows: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.vecdot(rows.astype(np.float64), rows.astype(np.float64)).max(initial=0.0)))


def _where(product: NDArray[Any], least: Any) -> tuple[Indices, Indices]:
    flat = np.flatnonzero(product.ravel() >= least)
    i, j = np.divmod(flat, product.shape[1])
    return i, j
