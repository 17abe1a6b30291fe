"""How fast pictures are read: the naive way, each half alone, and the whole task through real workers, in one run.

    python -m benchmarks.extract [--quick] [--keep FOLDER]

All on the same made photographs (benchmarks.photographs) and on VGG16 with seeded weights of the true shapes.
Prints a table, and as its last line JSON. See docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from benchmarks import halves, machine, naive, photographs
from benchmarks.product import Extraction, Product, product
from shared.domain.scan import Preset
from shared.settings import PREFIX, Settings

_T = TypeVar("_T")
SIZES = {"12mp": (4000, 3000), "2mp": (1632, 1224)}
SMALL = (640, 480)
PRECISIONS = ("float32", "bfloat16")
MOBILENET = Path(__file__).parents[1].parent / "shared/data/weights/mobilenet_v2_1.0_224_keras_notop_avgpool.keras"


@dataclass(frozen=True)
class Counts:
    """How many photographs each part sees: of 12 megapixels, of 2, small ones; the naive way and the network alone."""

    photos: dict[str, int] = field(default_factory=lambda: {"12mp": 128, "2mp": 256})
    small: int = 20_000
    naive: int = 16
    network: int = 96


QUICK = Counts({"12mp": 8, "2mp": 16}, small=200, naive=2, network=16)


@dataclass
class Report:
    """Rows of the table, printed as they come, and the figures of the last line."""

    figures: dict[str, float] = field(default_factory=dict)
    begun: float = field(default_factory=time.perf_counter)

    def row(self, name: str, what: str, value: float, unit: str, note: str = "") -> None:
        self.figures[name] = round(value, 3)
        digits = 1 if value >= 1 else 3
        print(f"{what:<58} {value:>9,.{digits}f} {unit:<9} {note}", flush=True)

    def head(self, text: str) -> None:
        print(f"\n{text}  [{time.perf_counter() - self.begun:.0f} s]", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few photographs: does it run? The figures mean nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder:
        run(Path(folder), QUICK if options.quick else Counts())


def run(folder: Path, counts: Counts) -> None:
    report = Report()
    print(machine.description())
    weights = folder / "seeded.weights.h5"
    apart(halves.make_weights, weights)
    photos = {name: photographs.library(folder / name, counts.photos[name], size) for name, size in SIZES.items()}
    measure_naive(report, weights, [paths[: counts.naive] for paths in photos.values()])
    measure_halves(report, folder, weights, photos, counts.network)
    measure_deep(report, folder, weights)
    measure_hashes(report, folder, counts.small)
    conclude(report)


def apart(work: Callable[..., _T], *arguments: Any) -> _T:
    """The result of a call in a process of its own, which ends with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def measure_naive(report: Report, weights: Path, photos: list[list[Path]]) -> None:
    report.head("Naive: open, load_img, predict of one, imagehash from the file; VGG16 float32")
    for size, rate in zip(SIZES, apart(naive.images_per_s, weights, photos), strict=True):
        report.row(f"naive_{size}", f"naive, {size}", rate, "images/s")


def measure_halves(report: Report, folder: Path, weights: Path, photos: dict[str, list[Path]], count: int) -> None:
    report.head("Each half alone: decoding on all cores, and the network")
    for size, paths in photos.items():
        decoded, hashed = (halves.decoded_per_s(paths, pixels) for pixels in (halves.INPUT, None))
        report.row(f"decode_{size}", f"decode, hash and pixels, {size}", decoded, "images/s")
        report.row(f"decode_hash_{size}", f"decode and hash, {size}", hashed, "images/s")
    for precision in PRECISIONS:
        rate, note = apart(halves.embedded_per_s, "VGG16", weights, precision, count, folder / f"notes-{precision}")
        report.row(f"network_{precision}", f"network, VGG16 {precision}", rate, "images/s", note)


def measure_deep(report: Report, folder: Path, weights: Path) -> None:
    """VGG16 in both precisions, and MobileNetV2 where it is at hand, in the precision that is found best."""
    for precision in PRECISIONS:
        report.head(f"The whole task, preset deep, VGG16 {precision}")
        with running(folder / f"data-{precision}", WEIGHTS=str(weights), PRECISION=precision) as here:
            warm_up(here, folder, Preset.DEEP)
            for size in SIZES:
                _tell(report, f"{precision}_{size}", here.scan(folder / size, Preset.DEEP))
    if not MOBILENET.exists():
        return
    report.head("The whole task, preset deep, MobileNetV2")
    with running(folder / "data-mobilenet") as here:
        warm_up(here, folder, Preset.DEEP, str(MOBILENET))
        found = here.scan(folder / "2mp", Preset.DEEP, str(MOBILENET))
        _tell(report, "mobilenet_2mp", found)


def measure_hashes(report: Report, folder: Path, small: int) -> None:
    photographs.library(folder / "small", small, SMALL, distinct=24)
    report.head("The whole task, preset near, and a second scan of the same files")
    with running(folder / "data-near") as here:
        warm_up(here, folder, Preset.NEAR)
        for size in SIZES:
            _tell(report, f"near_{size}", here.scan(folder / size, Preset.NEAR))
        first, again = (here.scan(folder / "small", Preset.NEAR) for _ in range(2))
    _tell(report, "near_small", first)
    report.row("slope_near", "memory of the worker, for 1,000 images more", first.memory.slope(), "MB")
    report.row("first_s", f"first scan of {first.images:,} files of 640x480, up to the comparison", first.whole_s, "s")
    report.row("rescan_s", "the same again, unchanged", again.whole_s, "s")


def _tell(report: Report, name: str, found: Extraction) -> None:
    memory = found.memory
    note = f"worker {memory.peak:.0f} MB at most, decoders {memory.decoders:.0f} MB; {found.images} images"
    report.row(name, f"whole task, {name.replace('_', ', ')}", found.rate, "images/s", note)
    report.figures[f"rss_{name}"] = round(memory.peak, 1)


class running(ExitStack):  # noqa: N801  # a context manager, named as one
    """The product on a data folder of its own, with these settings."""

    def __init__(self, data: Path, **environment: str) -> None:
        super().__init__()
        self._data, self._environment = data, {PREFIX + name: value for name, value in environment.items()}

    def __enter__(self) -> Product:  # type: ignore[override]
        super().__enter__()
        before = dict(os.environ)
        self.callback(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ.update(self._environment)
        return self.enter_context(product(replace(Settings.from_environment(), data=self._data)))


def warm_up(here: Product, folder: Path, preset: Preset, model: str = "VGG16") -> None:
    """A worker that has worked: decoders run, the network is loaded and traced."""
    if not (folder / "few").exists():
        photographs.library(folder / "few", 64, (800, 600))
    here.scan(folder / "few", preset, model)


def conclude(report: Report) -> None:
    got = report.figures
    best = max(PRECISIONS, key=lambda precision: got[f"network_{precision}"])
    report.head(f"In short, with {best}")
    for size in SIZES:
        whole, decode, network = got[f"{best}_{size}"], got[f"decode_{size}"], got[f"network_{best}"]
        report.row(f"vs_naive_{size}", f"whole task to naive, {size}", whole / got[f"naive_{size}"], "times")
        report.row(f"of_slower_half_{size}", f"whole task to the slower half, {size}", whole / min(decode, network), "")
        both = 1 / (1 / decode + 1 / network)
        report.row(f"of_shared_{size}", f"whole task to both halves on the same cores, {size}", whole / both, "")
        near = got[f"near_{size}"] / got[f"decode_hash_{size}"]
        report.row(f"near_of_decode_{size}", f"preset near to decoding, {size}", near, "")
    report.row("rescan_vs_first", "first scan to rescan", got["first_s"] / got["rescan_s"], "times")
    got["of_slower_half"] = min(got[f"of_slower_half_{size}"] for size in SIZES)
    got["peak_rss_mb"] = max(got[f"rss_{best}_{size}"] for size in SIZES)
    print(json.dumps(got))


if __name__ == "__main__":
    main()
