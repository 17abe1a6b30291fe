"""Pictures for tests: made, deterministic, as unlike each other as photographs are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def photo(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A colourful picture of soft shapes, another for every seed."""
    noise = np.random.default_rng(seed)
    picture = np.zeros((size[1], size[0], 3))
    for cells, weight in ((4, 1.0), (9, 0.6), (24, 0.25)):
        small = Image.fromarray(noise.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        picture += weight * np.asarray(small.resize(size, Image.Resampling.BICUBIC), dtype=np.float64)
    picture -= picture.min()
    return Image.fromarray((255 * picture / picture.max()).astype(np.uint8))


def library(root: Path, count: int = 24, size: tuple[int, int] = (320, 240)) -> None:
    """A library of ``count`` different photographs and, of the first ones, copies of every kind.

    0: a byte-identical copy; 1: the same pixels as PNG and as BMP; 2: re-encoded; 3: half the size, in a
    folder with a name that is not UTF-8; and a text file, a truncated JPEG and an empty file.
    """
    (root / "trip").mkdir(parents=True)
    odd = root / "odd-\udcff"
    odd.mkdir()
    for seed in range(count):
        photo(seed, size).save(root / "trip" / f"{seed:03}.jpg", quality=92)
    (root / "copy of 000.jpg").write_bytes((root / "trip" / "000.jpg").read_bytes())
    decoded = Image.open(root / "trip" / "001.jpg")
    decoded.save(root / "001.png")
    decoded.save(root / "001.bmp")
    photo(2, size).save(root / "002 again.jpg", quality=40)
    photo(3, size).resize((size[0] // 2, size[1] // 2)).save(odd / "small.jpg", quality=85)
    (root / "notes.txt").write_text("Not an image.\n")
    (root / "torn.jpg").write_bytes((root / "trip" / "004.jpg").read_bytes()[:3000])
    (root / "empty.png").touch()
