"""Benchmark of a search: one image in a library of a million, from the request to the answer, through real workers.

The library is made: a dozen real pictures, and rows in the feature store and in the tables of a finished scan for the
rest, as that scan would have left them (pictures and local features are read for candidates alone, and are blank).
Prints the time of each phase and, as its last line, JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from benchmarks import photographs
from benchmarks.machine import description
from benchmarks.product import Product, product
from shared.context import Context
from shared.domain.model import Library
from shared.domain.scan import ENDED, Folder, Phase, Preset, ScanKind, ScanRequest, State
from shared.services import libraries, scans
from shared.settings import Settings
from shared.store import keys
from shared.store import scans as store
from workers import spaces, tables
from workers.segments import Shape
from workers.stages.extract import DEEP, FACTS, LOCAL, PIXELS
from workers.stages.index import index
from workers.vision import local

_FULL, _QUICK = 1_000_000, 20_000
_DIMENSION, _LATENT = 256, 64
_SEGMENT = 1 << 16
_LONGEST_S = 120.0
_WARM, _RUNS = 3, 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small library: a smoke test, no figures to quote")
    count = _QUICK if parser.parse_args().quick else _FULL
    print(description())
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder:
        report = _measured(Path(folder), count)
    print(json.dumps({"images": count} | report))


def _measured(folder: Path, count: int) -> dict[str, float]:
    (folder / "data").mkdir()
    pictures = photographs.library(folder / "library", 12, (1600, 1200))
    model = _network(folder / "network.keras")
    report = {}
    with product(Settings(data=folder / "data")) as running:
        made = _Made(running, folder / "library", count)
        for preset in (Preset.THOROUGH, Preset.NEAR, Preset.DEEP):
            if preset is not Preset.NEAR:  # which the tables of thorough serve
                made.scan(preset, model)
            report[f"{preset}_s"] = _searches(made, preset, model, pictures, folder)
    return report


def _searches(made: _Made, preset: Preset, model: Path, pictures: list[Path], folder: Path) -> float:
    """The median of some searches, each for an edit that no search has seen; prints the phases of that one."""
    runs = []
    for number in range(_WARM + _RUNS):
        edit = folder / f"{preset}-{number}.jpg"
        picture = Image.open(pictures[number])
        ImageEnhance.Brightness(picture).enhance(1.05).resize((1200, 900)).save(edit, quality=80)
        runs.append(made.search(edit, preset, model))
    middle = sorted(runs[_WARM:], key=lambda run: run.seconds)[_RUNS // 2]
    phases = ", ".join(f"{phase} {seconds:.3f}" for phase, seconds in middle.phases.items())
    slowest = max(run.seconds for run in runs[_WARM:])
    found = min(run.matches for run in runs)
    print(f"{preset:9s} {middle.seconds:6.3f} s, slowest {slowest:.3f} s, first {runs[0].seconds:.2f} s; {phases}")
    print(f"{'':9s} {found} matches at least", flush=True)
    return round(middle.seconds, 3)


@dataclass(frozen=True)
class _Run:
    seconds: float
    phases: dict[str, float]
    matches: int


class _Made:
    """The library, and what scans of it have left."""

    def __init__(self, running: Product, root: Path, count: int) -> None:
        self._running, self._ctx, self._count = running, running.ctx, count
        self._library = libraries.add(self._ctx, root)

    def scan(self, preset: Preset, model: Path) -> None:
        """A finished scan: of the real pictures by the workers, then of all by its index unit alone."""
        real = scans.request(self._ctx, self._wanted(preset, model))
        self._end(real)
        fields, scan = store.fields(self._ctx.redis, real), store.get(self._ctx.redis, real)
        noise = np.random.default_rng(len(preset))
        digests = noise.bytes(32 * self._count)
        column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), self._count, [None, pa.py_buffer(digests)])
        begun = time.perf_counter()
        _store(self._ctx, scan, column, noise)
        known = tables.read(self._ctx, real, f"{fields['index']}/images").select(tables.KNOWN.names)
        tables.write(self._ctx, real, "made/files", tables.FILES.empty_table())
        tables.write(self._ctx, real, "made/faults", tables.FAULTS.empty_table())
        tables.write(self._ctx, real, "made/known", pa.concat_tables([known, _files(self._library, column)]))
        changed = {"plan": "made", f"total:{Phase.EXTRACT}": 0, "images": self._count + len(known)}
        self._ctx.redis.hset(keys.scan(real), mapping=changed)
        made = time.perf_counter()
        found = index(self._ctx, store.get(self._ctx.redis, real), 0)
        self._ctx.redis.hset(keys.scan(real), mapping=dict(found.set))
        seconds = (made - begun, time.perf_counter() - made)
        print(f"{self._count} rows for {preset} made in {seconds[0]:.0f} s, indexed in {seconds[1]:.0f} s", flush=True)

    def search(self, image: Path, preset: Preset, model: Path) -> _Run:
        """From the upload to the result."""
        begun, asked = time.perf_counter(), time.time()
        with image.open("rb") as stream:
            upload = scans.save_upload(self._ctx, stream)
        search = scans.request(self._ctx, replace(self._wanted(preset, model), kind=ScanKind.FIND, upload=upload))
        starts = self._end(search)
        result = scans.result(self._ctx, search)
        seconds = time.perf_counter() - begun
        if result["as_of"] is None:
            raise RuntimeError("the search has walked")
        ends = [*list(starts.values())[1:], asked + seconds]
        phases = {str(phase): end - start for (phase, start), end in zip(starts.items(), ends, strict=True)}
        return _Run(seconds, phases, len(result["matches"]))

    def _wanted(self, preset: Preset, model: Path) -> ScanRequest:
        """Thorough does without a network here, as it may."""
        named = {"model": str(model), "preprocessing": "none"} if preset is Preset.DEEP else {}
        return ScanRequest((Folder(self._library.id),), preset=preset, **named)

    def _end(self, scan_id: str) -> dict[Phase, float]:
        """Wait for the end of a scan; when each phase began that was seen."""
        started: dict[Phase, float] = {}
        deadline = time.monotonic() + _LONGEST_S
        while True:
            self._running.tend()
            fields = store.fields(self._ctx.redis, scan_id)
            started[Phase(fields["phase"])] = float(fields["phase_started"])
            if State(fields["state"]) in ENDED:
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"this takes too long: {fields}")
            time.sleep(0.005)
        if fields["state"] != State.DONE:
            raise RuntimeError(fields.get("error_message"))
        return started


def _network(path: Path) -> Path:
    """A network that is quick, so that the comparison is what is measured."""
    layers = [keras.layers.AveragePooling2D(8), keras.layers.Flatten(), keras.layers.Dense(_DIMENSION)]
    keras.utils.set_random_seed(1)
    keras.Sequential([keras.Input((64, 64, 3)), *layers]).save(path)
    return path


def _store(ctx: Context, scan: store.Scan, digests: pa.Array, noise: np.random.Generator) -> None:
    count = len(digests)
    sides = {name: pa.array(noise.integers(400, 6000, count, dtype=np.int32)) for name in ("width", "height")}
    hashes = pa.array(noise.integers(0, 2**64, count, dtype=np.uint64))
    of_all = {"format": pa.array(["JPEG"] * count), "frames": pa.array(np.ones(count, np.int32))}
    pixels = pa.table({"digest": digests, **sides, "phash": hashes, **of_all}).select(PIXELS.names)
    _append(ctx.layout.features / spaces.pixels_of(scan), pixels, Shape("|u1", (64, 64)))
    said: dict[str, Any] = {name: pa.nulls(count, FACTS.field(name).type) for name in FACTS.names[1:-1]}
    spaces.facts(ctx).append(
        pa.table({"digest": digests, **said, "tags": np.zeros(count, np.int32)}, schema=FACTS), None
    )
    if scan.request.proves:
        turned = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(64), count, [None, pa.py_buffer(noise.bytes(64 * count))]
        )
        rows = np.zeros(1, local.ROW)
        _append(
            ctx.layout.features / f"local-{spaces.LOCAL}-{spaces.pixels_of(scan).removeprefix('pixels-')}",
            pa.table({"digest": digests, "turned": turned}, schema=LOCAL),
            Shape("|u1", (rows.dtype.itemsize,)),
        )
    if scan.deep is not None:
        _append(ctx.layout.features / scan.deep, pa.table({"digest": digests}, schema=DEEP), None, _vectors(noise))


def _append(
    folder: Path, table: pa.Table, shape: Shape | None, vectors: Iterator[NDArray[np.float32]] | None = None
) -> None:
    """Segments whose rows are vectors, or blank: files of holes."""
    for start in range(0, len(table), _SEGMENT):
        part = table.slice(start, _SEGMENT).combine_chunks()
        wanted = Shape("<f4", (_DIMENSION,)) if shape is None else shape
        index_file = folder / f"{uuid.uuid4().hex}.parquet"
        rows = np.lib.format.open_memmap(
            index_file.with_suffix(".npy"), "w+", np.dtype(wanted.dtype), (len(part), *wanted.sides)
        )
        if vectors is not None:
            rows[:] = next(vectors)[: len(part)]
        said = {b"lookalike:rows": json.dumps([wanted.dtype, *wanted.sides])}  # without a checksum, as of old
        pq.write_table(part.replace_schema_metadata(said), index_file)


def _vectors(noise: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    """Unit rows of a decaying spectrum, so that a projection pays, as one does for real features."""
    mixing = noise.standard_normal((_LATENT, _DIMENSION), np.float32)
    scales = np.arange(1, _LATENT + 1, dtype=np.float32) ** np.float32(-0.6)
    while True:
        rows = (noise.standard_normal((_SEGMENT, _LATENT), np.float32) * scales) @ mixing
        yield rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _files(library: Library, digests: pa.Array) -> pa.Table:
    """A file for each content, that no disk holds."""
    count, ones = len(digests), np.ones(len(digests), np.int64)
    columns: dict[str, Any] = {
        "library": [library.id] * count,
        "path": pa.array([b"%04d/%06d.jpg" % divmod(n, 1000) for n in range(count)], pa.binary()),
        "size": 4_000_000 * ones,
        "mtime_ns": ones,
        "device": ones.astype(np.uint64),
        "inode": np.arange(count, dtype=np.uint64) + np.uint64(1 << 40),
        "digest": digests,
    }
    return pa.table(columns, schema=tables.KNOWN)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    main()
