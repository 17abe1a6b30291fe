"""Photographs for benchmarks: made, the same each time, with the detail and the grain that a camera's have.

Each is a part of one of scikit-image's bundled photographs, enlarged, with noise, saved as JPEG of quality 92: some
4 MB at 12 megapixels. Invariant: no two files have equal bytes.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

_SOURCES = ("astronaut", "coffee", "chelsea", "rocket", "retina", "hubble_deep_field", "immunohistochemistry")
_GRAIN = 9.0  # levels, standard deviation


def library(folder: Path, count: int, size: tuple[int, int], distinct: int = 12) -> list[Path]:
    """Write ``count`` JPEG files of ``size`` (width, height): ``distinct`` pictures, in turn, each file with a comment.

    The comment gives a file bytes of its own, and so a digest; decoding costs what it costs without.
    """
    folder.mkdir(parents=True)
    pictures = [_jpeg(number, size) for number in range(min(distinct, count))]
    paths = [folder / f"{number:05}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(_commented(pictures[number % len(pictures)], number))
    return paths


def _jpeg(number: int, size: tuple[int, int]) -> bytes:
    random = np.random.default_rng(number)
    source = Image.fromarray(getattr(data, _SOURCES[number % len(_SOURCES)])())
    part = [int(side * random.uniform(0.6, 0.95)) for side in source.size]
    left, top = (int(random.integers(0, whole - side)) for whole, side in zip(source.size, part, strict=True))
    large = source.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + part[0], top + part[1]))
    grain = random.normal(0.0, _GRAIN, (256, 256, 3))
    tiled = np.resize(np.tile(grain, (1, -(-size[0] // 256), 1))[:, : size[0]], (size[1], size[0], 3))
    noisy = np.clip(np.asarray(large, np.float32) + tiled.astype(np.float32), 0, 255).astype(np.uint8)
    stream = BytesIO()
    Image.fromarray(noisy).save(stream, "JPEG", quality=92)
    return stream.getvalue()


def _commented(jpeg: bytes, number: int) -> bytes:
    text = f"photograph {number}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + jpeg[2:]
