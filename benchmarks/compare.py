"""Benchmark of the comparison: the similarity join, the Hamming join and the query, beside FAISS and NumPy.

Prints tables and, as its last line, JSON. One run measures all on the same vectors: see docs/comparison.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import fleet, peers, plots, vectors
from benchmarks.machine import description
from workers.pairs.kernels import TILE, bfloat16_offered, named
from workers.pairs.projection import Projection
from workers.pairs.search import search

_FLOOR, _TOLERANCE = 0.90, 1e-6
_WORKERS = 2


@dataclass(frozen=True)
class Sizes:
    """How many rows each part of the benchmark takes."""

    peers: int
    peers_large: int
    queries_large: int
    growth: tuple[int, ...]
    pinned: int
    hashes: int
    hashes_large: int
    stored: int


FULL = Sizes(
    20_000, 50_000, 10_000, (5_000, 10_000, 20_000, 50_000, 100_000, 200_000), 100_000, 100_000, 1_000_000, 1_000_000
)
QUICK = Sizes(4_000, 6_000, 1_000, (2_000, 4_000, 6_000), 6_000, 5_000, 20_000, 20_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: a smoke test, no figures to quote")
    parser.add_argument("--images", type=Path, default=Path("docs/images"), help="where the plots go")
    chosen = parser.parse_args()
    sizes = QUICK if chosen.quick else FULL
    print(description())
    with _folder(sizes) as folder, fleet.fleet(_WORKERS) as pool:
        features = folder / "features.npy"
        _timed("features are made", lambda: vectors.write_features(features, max(*sizes.growth, sizes.peers_large)))
        kernel = fleet.fastest(pool)
        print(f"kernel of the workers: {kernel}")
        report = _against_peers(pool, features, sizes, kernel)
        growth = _growth(pool, features, sizes, kernel)
        report |= {"pairs_per_s": _at(growth, sizes.pinned), "peak_rss_mb": growth[-1]["peak_rss_mb"]}
        report |= _pinned(pool, features, sizes, kernel)
        report |= _hamming(pool, folder, sizes)
        report |= _query(features, sizes, kernel)
    chosen.images.mkdir(parents=True, exist_ok=True)
    plots.growth(growth, chosen.images / "compare-growth.svg")
    plots.peers(report, chosen.images / "compare-peers.svg")
    print(json.dumps({name: _short(value) for name, value in report.items()}))


def _against_peers(pool: Pool, features: Path, sizes: Sizes, kernel: str) -> dict[str, Any]:
    """The same pairs out of the same rows, and how much sooner."""
    n, large = sizes.peers, sizes.peers_large
    rows = np.load(features, mmap_mode="r")
    some = np.array(rows[:n])
    _head(f"All pairs of {n} x {vectors.DIMENSION}, cosine >= {_FLOOR}")
    theirs, faiss_s = peers.faiss_cosine(some, _FLOOR, n, _WORKERS)
    _row("FAISS IndexFlatIP.range_search", n * (n - 1) / 2, faiss_s, len(theirs))
    triangle, numpy_s = peers.numpy_cosine(some, _FLOOR)
    _row("NumPy float32, upper triangle", n * (n - 1) / 2, numpy_s, len(triangle))
    same, ours_s = True, {}
    for name in dict.fromkeys([kernel, "float32"]):
        for floor in (_FLOOR, 0.80, 0.95) if name == kernel else (_FLOOR,):
            ours = _best(pool, fleet.job(features, n, floor, name))
            _row(f"Lookalike, {name}, cosine >= {floor}", n * (n - 1) / 2, ours.total, len(ours.pairs), _steps(ours))
            if floor == _FLOOR:
                ours_s[name] = ours.total
                same &= all(_same(ours.pairs, other, some, some) for other in (theirs, triangle))
    _head(f"All pairs of {large}, FAISS by its first {sizes.queries_large} queries")
    many = np.array(rows[:large])
    theirs, part_s = peers.faiss_cosine(many, _FLOOR, sizes.queries_large, _WORKERS)
    _row("FAISS, scaled to all queries", large * (large - 1) / 2, part_s * large / sizes.queries_large, len(theirs))
    ours = _best(pool, fleet.job(features, large, _FLOOR, kernel))
    _row(f"Lookalike, {kernel}", large * (large - 1) / 2, ours.total, len(ours.pairs), _steps(ours))
    asked = ours.pairs[ours.pairs // large < sizes.queries_large]
    same &= _same(asked, theirs, many, many)
    return {
        "same_pairs": bool(same),
        "vs_faiss": faiss_s / ours_s[kernel],
        "vs_numpy": numpy_s / ours_s[kernel],
        "vs_faiss_float32": faiss_s / ours_s["float32"],
        "vs_numpy_float32": numpy_s / ours_s["float32"],
        "vs_faiss_50k": part_s * large / sizes.queries_large / ours.total,
    }


def _growth(pool: Pool, features: Path, sizes: Sizes, kernel: str) -> list[dict[str, float]]:
    """Time and memory against the number of rows."""
    _head("Growth")
    found = []
    for n in sizes.growth:
        ours = _best(pool, fleet.job(features, n, _FLOOR, kernel))
        memory = fleet.peak_mb(pool, _WORKERS)
        rate = n * (n - 1) / 2 / ours.total
        _row(f"{n} rows", n * (n - 1) / 2, ours.total, len(ours.pairs), f"{_steps(ours)}; peak {memory:.0f} MB")
        found.append({"rows": n, "seconds": ours.total, "pairs_per_s": rate, "peak_rss_mb": memory, **ours.seconds})
    last = found[-1]
    per_row = last["project"] / last["rows"]
    hour = last["join"] * (1e6 / last["rows"]) ** 2 + per_row * 1e6 + last["fit"]
    print(f"extrapolated to 1,000,000 rows: {hour / 60:.1f} minutes on {_WORKERS} cores")
    found[-1]["million_minutes"] = hour / 60
    return found


def _pinned(pool: Pool, features: Path, sizes: Sizes, kernel: str) -> dict[str, float]:
    """Two workers beside one, each on its core: the steps that are spread, projecting and joining."""
    _head(f"Workers, {sizes.pinned} rows")
    wanted = fleet.job(features, sizes.pinned, _FLOOR, kernel)
    with fleet.fleet(1) as single:
        alone = _best(single, wanted)
    both = _best(pool, wanted)
    for name, ours in (("one", alone), ("two", both)):
        _row(f"{name}, pinned", sizes.pinned * (sizes.pinned - 1) / 2, ours.total, len(ours.pairs), _steps(ours))
    print(f"by processor time of the busiest worker: {alone.busy_s:.2f} and {both.busy_s:.2f} s")
    spread = [ours.seconds["project"] + ours.seconds["join"] for ours in (alone, both)]
    return {"two_workers_vs_one": spread[0] / spread[1], "two_workers_vs_one_cpu": alone.busy_s / both.busy_s}


def _hamming(pool: Pool, folder: Path, sizes: Sizes) -> dict[str, float]:
    """64- and 256-bit hashes beside FAISS, a million of 64 bits, and the way by products that was not taken."""
    _head("Hamming join")
    ratios, n = {}, sizes.hashes
    for bits, radius in ((64, 8), (256, 31)):
        hashes, path = vectors.write_hashes(n, bits), folder / f"hashes-{bits}.npy"
        np.save(path, hashes)
        theirs, faiss_s = peers.faiss_hamming(hashes, radius, _WORKERS)
        _row(f"FAISS, {bits} bits, r = {radius}", n * (n - 1) / 2, faiss_s, len(theirs))
        ours, ours_s = min((fleet.join_hashes(pool, path, radius, 4) for _ in range(2)), key=lambda answer: answer[1])
        _row(
            "Lookalike",
            n * (n - 1) / 2,
            ours_s,
            len(ours),
            "same pairs" if np.array_equal(ours, theirs) else "OTHER PAIRS",
        )
        ratios[f"hamming_vs_faiss_{bits}"] = faiss_s / ours_s if np.array_equal(ours, theirs) else 0.0
    for name in ["float32", *(["bfloat16"] if bfloat16_offered() else [])]:
        for bits in (64, 256):
            print(
                f"{f'product of +1 and -1, {bits} bits, {name}, one core':48s} {_signs_rate(bits, name):10.3g} pairs/s"
            )
    n = sizes.hashes_large
    np.save(folder / "many.npy", vectors.write_hashes(n, 64))
    ours, ours_s = fleet.join_hashes(pool, folder / "many.npy", 8, 4)
    _row(f"Lookalike, {n} of 64 bits, r = 8", n * (n - 1) / 2, ours_s, len(ours))
    return {"hamming_vs_faiss": min(ratios.values()), **ratios, "hamming_million_s": ours_s}


def _signs_rate(bits: int, name: str) -> float:
    """Pairs a second of hashes as rows of +1 and -1, whose product tells the distance; one core of this process."""
    from workers.pairs.kernels import best_of, one_thread

    one_thread()
    kernel, rng = named(name), np.random.default_rng(0)
    a, b = (kernel.prepare(rng.choice([-1.0, 1.0], (TILE, bits)).astype(np.float32)) for _ in range(2))
    return TILE**2 / best_of(lambda: kernel.reach(a, b, bits - 16.0), 10)


def _query(features: Path, sizes: Sizes, kernel: str) -> dict[str, float]:
    """One row against a million: the projected rows of the largest library, again and again, as a memory map."""
    wanted = fleet.job(features, max(sizes.growth), _FLOOR, kernel)
    if not wanted.projection.exists():
        return {}
    _head(f"A query among {sizes.stored}")
    projection, known = Projection.load(wanted.projection), np.load(wanted.coordinates, mmap_mode="r")
    stored = features.with_name("stored.npy")
    out = np.lib.format.open_memmap(stored, mode="w+", dtype=np.float32, shape=(sizes.stored, known.shape[1]))
    for start in range(0, sizes.stored, len(known)):
        out[start : start + len(known)] = known[: sizes.stored - start]
    rows, taken = _Repeated(np.load(features, mmap_mode="r"), len(known), sizes.stored), []
    for place in range(0, 5000, 500):
        query = np.array(rows[np.array([place])][0])
        start_s = time.perf_counter()
        found = search(query, rows, projection, np.load(stored, mmap_mode="r"), _FLOOR)
        taken.append(time.perf_counter() - start_s)
    middle, most = float(np.median(taken)), projection.directions.shape[1]
    print(f"{most} coordinates; median {middle:.3f} s, slowest {max(taken):.3f} s; {len(found.places)} found at last")
    return {"query_s": middle}


class _Repeated:
    """A library that holds the same rows over and over."""

    def __init__(self, rows: NDArray[np.float32], period: int, count: int) -> None:
        self._rows, self._period, self._count = rows, period, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._rows[places % self._period]


def _same(ours: NDArray[np.int64], theirs: NDArray[np.int64], a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    """Whether the pairs are the same, but for those within the tolerance around the floor."""
    i, j = np.divmod(np.setxor1d(ours, theirs), len(b))
    exact = np.vecdot(a[i].astype(np.float64), b[j].astype(np.float64))
    return bool((np.abs(exact - _FLOOR) <= _TOLERANCE).all())


def _best(pool: Pool, wanted: fleet.Job) -> fleet.Outcome:
    """The faster of two runs, where they are short: the machine is shared."""
    runs = 1 if wanted.rows > 100_000 else 2
    return min((fleet.join_library(pool, wanted) for _ in range(runs)), key=lambda ours: ours.total)


def _at(growth: list[dict[str, float]], rows: int) -> float:
    return next(point["pairs_per_s"] for point in growth if point["rows"] == rows)


@contextmanager
def _folder(sizes: Sizes) -> Iterator[Path]:
    """A folder in memory where there is room for the rows, else on disk."""
    memory = Path("/dev/shm")  # noqa: S108  # a place for bytes: the folder in it has a name of its own
    needed = 2 * max(sizes.growth) * vectors.DIMENSION * 4 + 3 * sizes.stored * 1024
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > needed
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-", dir=memory if roomy else None) as folder:
        yield Path(folder)


def _timed(name: str, work: Any) -> None:
    start = time.perf_counter()
    work()
    print(f"{name} in {time.perf_counter() - start:.1f} s", flush=True)


def _head(text: str) -> None:
    print(f"\n{text}\n{'':48s} {'seconds':>10s} {'pairs/s':>10s} {'found':>9s}", flush=True)


def _row(name: str, pairs: float, seconds: float, found: int, more: str = "") -> None:
    print(f"{name:48s} {seconds:10.2f} {pairs / seconds:10.3g} {found:9d}  {more}", flush=True)


def _steps(ours: fleet.Outcome) -> str:
    return ", ".join(f"{name} {seconds:.2f}" for name, seconds in ours.seconds.items()) + f"; {ours.plan}"


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
