"""A panel: a part of the overlap that agrees nearly perfectly while the rest does not at all, as where a picture was
cut to its place in a collage. Another shot of a scene has no such straight borders.

Invariant: what is found is a rectangle of the frame in which nearly every window agrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_GOOD = 0.75
_LEAST = 0.06  # of the frame
_EDGE = 3  # pixels: windows there look beyond the border


@dataclass(frozen=True, slots=True)
class Panel:
    """``box`` is (left, top, right, bottom) in pixels of the frame; ``area`` its share of it; ``good`` the share of its
    windows that agree; ``outside`` the share of those outside of it that do; ``textured`` the share inside that shows
    anything."""

    box: tuple[int, int, int, int]
    area: float
    good: float
    outside: float
    textured: float


def find(structure: NDArray[np.float32], textured: NDArray[np.bool_], full: NDArray[np.bool_]) -> Panel | None:
    """The largest panel, None where there is none. ``textured`` marks windows that show anything, ``full`` those
    inside of both."""
    good = ((structure > _GOOD) & full).astype(np.uint8)
    solid = cv2.morphologyEx(good, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count < 2:
        return None
    number = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    box = _trimmed(labels == number)
    if box is None:
        return None
    left, top, right, bottom = box
    inside, core = np.zeros_like(full), np.zeros_like(full)
    inside[top:bottom, left:right] = True
    core[top + _EDGE : bottom - _EDGE, left + _EDGE : right - _EDGE] = True
    area = (right - left) * (bottom - top) / full.size
    if area < _LEAST:
        return None
    beyond = full & ~inside
    if beyond.sum() <= 0.02 * full.sum():  # then nothing says that it ends there
        return None
    outside = float(good[beyond].mean())
    telling = core & textured
    if not telling.any():
        return None
    return Panel(box, area, float(good[telling].mean()), outside, float(textured[core].mean()))


def _trimmed(part: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """The box of the lines and columns in which the part fills most of its usual width."""
    columns, rows = part.sum(axis=0), part.sum(axis=1)
    wide, high = np.percentile(columns[columns > 0], 75), np.percentile(rows[rows > 0], 75)
    x, y = np.flatnonzero(columns >= 0.6 * wide), np.flatnonzero(rows >= 0.6 * high)
    if len(x) < 12 or len(y) < 12:
        return None
    return int(x[0]), int(y[0]), int(x[-1]) + 1, int(y[-1]) + 1
