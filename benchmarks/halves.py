"""The two halves of extraction, each alone: decoding on all cores, and the network."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import peak_mb
from shared.settings import Settings
from workers.vision.pool import DecoderPool
from workers.vision.reading import Job, Reading
from workers.vision.resize import NetworkInput

_REPEATS = 2
INPUT = (224, 224)


def make_weights(path: Path) -> None:
    """Seeded weights of VGG16, of the true shapes: as slow as trained ones, and of no other use."""
    import keras

    keras.utils.set_random_seed(7)
    keras.applications.VGG16(weights=None).save_weights(path)


def decoded_per_s(paths: list[Path], network_input: NetworkInput | None) -> float:
    """Pictures a second through a pool of one decoder a core, nothing else running: the better of two passes."""
    jobs = [Job(n, bytes(path.parent), path.name.encode()) for n, path in enumerate(paths)]
    with DecoderPool(Settings()) as pool:
        list(pool.read(jobs[:8]))
        return max(_decode(pool, jobs, network_input) for _ in range(_REPEATS))


def _decode(pool: DecoderPool, jobs: list[Job], network_input: NetworkInput | None) -> float:
    begun = time.perf_counter()
    if not all(isinstance(answer, Reading) for answer in pool.read(jobs, network_input)):
        raise RuntimeError("a photograph could not be read")
    return len(jobs) / (time.perf_counter() - begun)


def embedded_per_s(model: str, weights: Path | None, precision: str, count: int, notes: Path) -> tuple[float, str]:
    """Pictures a second through the network alone, the better of two passes; call it in a process of its own."""
    from workers.vision.embed import Embedder

    network = Embedder(model, weights, "auto", precision, None, notes)
    pixels = np.random.default_rng(1).integers(0, 256, (network.batch_size, *network.input_size, 3)).astype(np.uint8)
    network.embed(pixels)
    rates = [_embed(network, pixels, max(1, count // len(pixels))) for _ in range(_REPEATS)]
    return max(rates), f"in batches of {network.batch_size}, {peak_mb(os.getpid()):.0f} MB at most"


def _embed(network: object, pixels: np.ndarray, batches: int) -> float:
    begun = time.perf_counter()
    for _ in range(batches):
        network.embed(pixels)  # type: ignore[attr-defined]
    return batches * len(pixels) / (time.perf_counter() - begun)
