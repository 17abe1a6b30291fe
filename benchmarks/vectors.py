"""Feature vectors to join: made, with the spectrum of a real network's, and hashes.

A rectified random map of a latent vector (a class's centre and a deviation, both of decaying spectrum), normalised.
The constants were fitted to features of MobileNetV2 (trained) of 4,704 crops of 784 photographs, so that the share of
the mean, the quantiles of the cosine and what a projection leaves out come close; docs/comparison.md has both.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DIMENSION = 4096
_LATENT, _CLASSES, _SHARE, _BIAS = 512, 300, 0.3, 0.1
_DECAY, _CLASS_DECAY = 0.6, 0.7
_COPIES = 0.02  # of the rows: an edit of a row nearby, with a cosine of 0.85 to 1
_AT_ONCE = 4096


def write_features(path: Path, rows: int, seed: int = 1) -> None:
    """Write float32 (rows, 4096) unit rows as .npy; a longer file of the same seed starts with the same rows."""
    world = np.random.default_rng(0)
    mixing = world.standard_normal((_LATENT, DIMENSION), np.float32)
    centres = world.standard_normal((_CLASSES, _LATENT), np.float32) * _scales(_CLASS_DECAY)
    out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, DIMENSION))
    for start in range(0, rows, _AT_ONCE):
        rng = np.random.default_rng((seed, start))
        some = _features(rng, mixing, centres)[: rows - start]
        out[start : start + len(some)] = some
    out.flush()


def write_hashes(rows: int, bits: int, seed: int = 1) -> NDArray[np.uint64]:
    """uint64 (rows, bits / 64): random, 5% of them copies with up to 15% of their bits turned."""
    rng = np.random.default_rng(seed)
    found = rng.integers(0, 2**64, (rows, bits // 64), dtype=np.uint64)
    copies = rng.permutation(rows)[: rows // 20]
    found[copies] = found[rng.integers(0, rows, len(copies))]
    for _ in range(bits * 15 // 100):
        turned = np.uint64(1) << rng.integers(0, 64, len(copies)).astype(np.uint64)
        found[copies, rng.integers(0, bits // 64, len(copies))] ^= np.where(rng.random(len(copies)) < 0.5, turned, 0)
    return found


def _scales(decay: float) -> NDArray[np.float32]:
    scales = np.arange(1, _LATENT + 1, dtype=np.float32) ** np.float32(-decay)
    return scales / np.linalg.norm(scales)


def _features(
    rng: np.random.Generator, mixing: NDArray[np.float32], centres: NDArray[np.float32]
) -> NDArray[np.float32]:
    deviation = rng.standard_normal((_AT_ONCE, _LATENT), np.float32) * _scales(_DECAY)
    latent = np.float32(_SHARE**0.5) * centres[rng.integers(0, _CLASSES, _AT_ONCE)]
    latent += np.float32((1 - _SHARE) ** 0.5) * deviation
    rows = _unit(np.maximum(latent @ mixing + np.float32(_BIAS), 0))
    copies, sources = np.split(rng.permutation(_AT_ONCE)[: 2 * int(_COPIES * _AT_ONCE)], 2)
    angle = np.arccos(rng.uniform(0.85, 1.0, (len(copies), 1))).astype(np.float32)
    noise = rng.standard_normal((len(copies), DIMENSION), np.float32)
    rows[copies] = _unit(np.maximum(np.cos(angle) * rows[sources] + np.sin(angle) * _unit(noise), 0))
    return rows


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
