"""Local features: what parts of a picture look like and where they are, small enough to keep of every content.

ORB (Rublee, Rabaud, Konolige & Bradski, "ORB: an efficient alternative to SIFT or SURF", ICCV 2011) on the picture
at several sizes, with features at each, so that a part that was cut out, or a copy a fifth as large, still meets the
whole at one of them. Every feature is described a second time as the mirror shows it: the pattern that ORB compares has
no symmetry. Beside them the picture itself, small, for the comparison once two pictures lie on one another.

Invariant: the same pixels give the same features; whoever changes what is computed changes ``VERSION``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

VERSION = "l2"

SIDE = 384
"""Pixels of the longest side of the largest size; smaller pictures are enlarged to it."""

SIZES = (384, 271, 192, 136, 96)
EACH = (120, 90, 70, 50, 40)
"""Features at each size at most: a small part has few of the large sizes, and is told by those of the small details."""

MOST = sum(EACH)

LUMA, CHROMA = 160, 40
"""Sides of the small picture, both of them: its shape is that of the picture, its pixels are not square."""

WORDS = 8  # of 32 bits: a descriptor

ROW = np.dtype(
    [
        ("count", "<u2"),
        ("place", "<u2", (MOST, 2)),
        ("angle", "u1", MOST),
        ("level", "u1", MOST),
        ("descriptor", "u1", (MOST, 32)),
        ("mirrored", "u1", (MOST, 32)),
        ("luma", "u1", (LUMA, LUMA)),
        ("chroma", "u1", (CHROMA, CHROMA, 2)),
    ]
)
"""One picture as it is stored, 55 kB. ``place`` is (x, y) in 65,535ths of the longest side, ``angle`` in 256ths of a
turn, ``level`` the index in SIZES. ``chroma`` is Cb and Cr."""

_EDGE = 12
_FAST = 12  # levels of grey: low, since the flat parts of a picture have to be told by something too
_CELLS = 6  # a side: features are spread over so many parts of the picture


@dataclass(frozen=True, slots=True)
class Local:
    """Features of one picture, of which ``shape`` is (width, height) over the longest side.

    ``place`` float32 (n, 2) in units of the longest side, ``angle`` float32 (n) in radians, ``size`` float32 (n) the
    width of what a feature describes, relative; ``descriptor`` and ``mirrored`` uint8 (n, 32); ``luma`` uint8
    (160, 160), ``chroma`` uint8 (40, 40, 2).
    """

    shape: tuple[float, float]
    place: NDArray[np.float32]
    angle: NDArray[np.float32]
    size: NDArray[np.float32]
    descriptor: NDArray[np.uint8]
    mirrored: NDArray[np.uint8]
    luma: NDArray[np.uint8]
    chroma: NDArray[np.uint8]


def extract(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The features of an upright sRGB picture as one row of bytes, a ROW; ``size`` is (width, height) of the whole.

    The image may have lost its proportions to a reduction by powers of two; ``size`` tells them.
    """
    cv2.setNumThreads(1)
    row = np.zeros((), ROW)
    rgb = np.asarray(image)
    small = cv2.cvtColor(_resized(rgb, (LUMA, LUMA)), cv2.COLOR_RGB2YCrCb)
    row["luma"] = small[..., 0]
    row["chroma"] = _resized(np.ascontiguousarray(small[..., :0:-1]), (CHROMA, CHROMA))
    found = [_at(rgb, size, level) for level in range(len(SIZES))]
    count = 0
    for place, angle, descriptor, mirrored, level in found:
        part = slice(count, count + len(place))
        row["place"][part], row["angle"][part], row["level"][part] = place, angle, level
        row["descriptor"][part], row["mirrored"][part] = descriptor, mirrored
        count += len(place)
    row["count"] = count
    return np.frombuffer(row.tobytes(), np.uint8)


def loaded(row: NDArray[np.uint8], size: tuple[int, int]) -> Local:
    """A stored row as features; ``size`` is (width, height) of the picture."""
    stored = row.view(ROW)[0]
    kept = slice(0, int(stored["count"]))
    longest = max(size)
    return Local(
        shape=(size[0] / longest, size[1] / longest),
        place=stored["place"][kept].astype(np.float32) / 65535,
        angle=stored["angle"][kept].astype(np.float32) * np.float32(2 * np.pi / 256),
        size=_relative()[stored["level"][kept]],
        descriptor=stored["descriptor"][kept],
        mirrored=stored["mirrored"][kept],
        luma=stored["luma"],
        chroma=stored["chroma"],
    )


@cache
def _relative() -> NDArray[np.float32]:
    return np.array([SIDE / size for size in SIZES], np.float32)


def _resized(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if size[0] <= pixels.shape[1] and size[1] <= pixels.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(pixels, size, interpolation=how)


@cache
def _orb() -> Any:
    return cv2.ORB.create(nfeatures=6 * max(EACH), nlevels=1, edgeThreshold=_EDGE, fastThreshold=_FAST)


def _at(rgb: NDArray[np.uint8], size: tuple[int, int], level: int) -> tuple[Any, Any, Any, Any, int]:
    """Places, angles, descriptors and mirrored descriptors of the picture at one size."""
    scale = SIZES[level] / max(size)
    shape = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
    grey = cv2.cvtColor(_resized(rgb, shape), cv2.COLOR_RGB2GRAY)
    points = _spread(list(_orb().detect(grey, None)), shape, EACH[level])
    if not points:
        return np.zeros((0, 2)), np.zeros(0), np.zeros((0, 32)), np.zeros((0, 32)), level
    flipped = cv2.flip(grey, 1)
    turned = [_mirror(point, shape[0]) for point in points]
    kept, descriptor = _orb().compute(grey, points)
    kept_mirrored, mirrored = _orb().compute(flipped, turned)
    if len(kept) != len(points) or len(kept_mirrored) != len(points):
        raise AssertionError("a feature was dropped when it was described")
    place = np.array([point.pt for point in points], np.float64) + 0.5
    angle = np.array([point.angle for point in points]) * (256 / 360)
    return np.rint(place / max(shape) * 65535), np.rint(angle) % 256, descriptor, mirrored, level


def _mirror(point: Any, width: int) -> Any:
    x, y = point.pt
    return cv2.KeyPoint(width - 1 - x, y, point.size, (180.0 - point.angle) % 360.0, point.response, point.octave)


def _spread(points: list[Any], shape: tuple[int, int], most: int) -> list[Any]:
    """The strongest of each part of the picture, in turn, until there are enough."""
    points.sort(key=lambda point: -point.response)
    cells: dict[tuple[int, int], int] = {}
    ranked = []
    for order, point in enumerate(points):
        cell = (int(point.pt[0] * _CELLS / shape[0]), int(point.pt[1] * _CELLS / shape[1]))
        cells[cell] = turn = cells.get(cell, 0) + 1
        ranked.append((turn, order))
    return [points[order] for _, order in sorted(ranked)[:most]]
