"""Comparison workers as the product runs them: a process a core, one thread each, blocks read as memory maps."""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.domain.chunking import block_pair, chunk_count, chunk_range, pair_count
from workers.pairs import kernels
from workers.pairs.hamming import hamming_join
from workers.pairs.join import Block, Pairs, hold, join_blocks
from workers.pairs.projection import Projection, project
from workers.pairs.spectrum import fit, measure_costs, sample_size

_PROJECTED_AT_ONCE = 4096


class FileRows:
    """Full rows of a block of a .npy file; the map is dropped after each read, so that memory is not held."""

    def __init__(self, path: Path, span: range) -> None:
        self._path, self._span = path, span

    def __len__(self) -> int:
        return len(self._span)

    def __getitem__(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.load(self._path, mmap_mode="r")[places + self._span.start]


@dataclass(frozen=True)
class Job:
    """A library to be joined: its file of features, how many of them, and how."""

    features: Path
    rows: int
    floor: float
    kernel: str
    block: int

    @property
    def coordinates(self) -> Path:
        return self.features.with_name(f"coordinates-{self.rows}-{self.floor}-{self.kernel}.npy")

    @property
    def projection(self) -> Path:
        return self.coordinates.with_suffix(".npz")


@dataclass
class Outcome:
    """What a join found, int64 (n) of i * rows + j sorted, and what it took, in seconds, by step.

    ``busy_s`` is the processor time of the busiest worker in the join: what it would take with the cores to itself.
    """

    pairs: NDArray[np.int64]
    cosine: NDArray[np.float32]
    seconds: dict[str, float] = field(default_factory=dict)
    plan: str = ""
    busy_s: float = 0.0

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def job(features: Path, rows: int, floor: float, kernel: str) -> Job:
    """Blocks of a sixth of the library, between 2,048 rows and 32,768: tasks of about a second at most."""
    size = 1024 * math.ceil(min(32768, max(2048, rows / 6)) / 1024)
    return Job(features, rows, floor, kernel, size)


@contextmanager
def fleet(workers: int) -> Iterator[Pool]:
    """Worker processes, each pinned to one core, with their kernels loaded, as they are in a running system."""
    context = get_context("spawn")
    cores = context.Queue()
    for core in sorted(os.sched_getaffinity(0))[:workers]:
        cores.put(core)
    with context.Pool(workers, _settle, (cores,)) as pool:
        pool.map(_warm, range(workers), chunksize=1)
        yield pool


def join_library(pool: Pool, wanted: Job) -> Outcome:
    """Join a library from its float32 rows to scored pairs; every step is timed."""
    times = [time.perf_counter()]
    plan = pool.apply(_fit, (wanted,))
    times.append(time.perf_counter())
    if wanted.projection.exists():
        spans = range(0, wanted.rows, _PROJECTED_AT_ONCE)
        pool.starmap(_project, [(wanted, start) for start in spans], chunksize=1)
    times.append(time.perf_counter())
    tasks = [(wanted, number) for number in range(pair_count(chunk_count(wanted.rows, wanted.block)))]
    parts = list(pool.imap_unordered(_join, tasks, chunksize=1))
    pairs, cosine = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    busy: dict[int, float] = {}
    for _, _, worker, taken in parts:
        busy[worker] = busy.get(worker, 0.0) + taken
    order = np.argsort(pairs)
    times.append(time.perf_counter())
    seconds = dict(zip(("fit", "project", "join"), np.diff(times), strict=True))
    return Outcome(pairs[order], cosine[order], seconds, plan, max(busy.values()))


def join_hashes(pool: Pool, hashes: Path, radius: int, shares: int) -> tuple[NDArray[np.int64], float]:
    """Pairs within ``radius`` bits as sorted i * n + j, and the seconds that it took."""
    start = time.perf_counter()
    tasks = [(hashes, radius, share, shares) for share in range(shares)]
    found = np.sort(np.concatenate(pool.starmap(_join_hashes, tasks, chunksize=1)))
    return found, time.perf_counter() - start


def peak_mb(pool: Pool, workers: int) -> float:
    """The most memory that a worker has held, in MB."""
    return max(pool.map(_peak, range(8 * workers), chunksize=1))


def _settle(cores: object) -> None:
    os.sched_setaffinity(0, {cores.get()})  # type: ignore[attr-defined]  # a queue of multiprocessing has no type


def _warm(_: int) -> str:
    time.sleep(0.5)  # so that every worker gets one of these
    kernel = kernels.choose(math.inf)
    measure_costs()
    return kernel.name


def fastest(pool: Pool) -> str:
    """The name of the kernel that a worker takes for a large library."""
    return str(pool.apply(_warm, (0,)))


def _fit(wanted: Job) -> str:
    rows = np.load(wanted.features, mmap_mode="r")[: wanted.rows]
    places = np.random.default_rng(5).permutation(wanted.rows)[: sample_size(wanted.rows)]
    projection = fit(rows[np.sort(places)], wanted.floor, wanted.rows, kernels.named(wanted.kernel))
    wanted.projection.unlink(missing_ok=True)
    if projection is None:
        return "no projection"
    projection.save(wanted.projection)
    shape = (wanted.rows, projection.directions.shape[1] + 1)
    np.lib.format.open_memmap(wanted.coordinates, mode="w+", dtype=np.float32, shape=shape)
    return f"{projection.head}+{len(projection.ends)} of {projection.directions.shape[1]}"


def _project(wanted: Job, start: int) -> None:
    stop = min(start + _PROJECTED_AT_ONCE, wanted.rows)
    rows = np.load(wanted.features, mmap_mode="r")[start:stop]
    out = np.load(wanted.coordinates, mmap_mode="r+")
    out[start:stop] = project(Projection.load(wanted.projection), rows)


@lru_cache(maxsize=4)
def _block(wanted: Job, number: int, stamp: int) -> Block:
    span = chunk_range(number, wanted.rows, wanted.block)
    rows, kernel = FileRows(wanted.features, span), kernels.named(wanted.kernel)
    if not wanted.projection.exists():
        return hold(rows, None, None, kernel)
    coordinates = np.load(wanted.coordinates, mmap_mode="r")[span.start : span.stop]
    return hold(rows, Projection.load(wanted.projection), coordinates, kernel)


def _join(task: tuple[Job, int]) -> tuple[NDArray[np.int64], NDArray[np.float32], int, float]:
    """Pairs, cosines, this process, and the processor time that it took."""
    start = time.process_time()
    wanted, number = task
    i, j = block_pair(number)
    stamp = wanted.projection.stat().st_mtime_ns if wanted.projection.exists() else 0
    a, b = _block(wanted, i, stamp), _block(wanted, j, stamp)
    found = Pairs.of(join_blocks(a, b, i == j, wanted.floor))
    left = found.i.astype(np.int64) + i * wanted.block
    pairs = left * wanted.rows + found.j + j * wanted.block
    return pairs, found.cosine, os.getpid(), time.process_time() - start


def _join_hashes(path: Path, radius: int, share: int, shares: int) -> NDArray[np.int64]:
    hashes = np.load(path)
    found = [
        near.i.astype(np.int64) * len(hashes) + near.j for near in hamming_join(hashes, radius, None, (share, shares))
    ]
    return np.concatenate([np.empty(0, np.int64), *found])


def _peak(_: int) -> float:
    time.sleep(0.02)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
