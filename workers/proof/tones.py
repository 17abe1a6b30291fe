"""Two planes brought to the same sharpness and the same tones, so that only what they show is compared.

Invariant: a plane that is the other one, softened or with a rising curve of tones, comes out as that one.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]


def detail(plane: Plane, inside: NDArray[np.bool_]) -> float:
    """How much of it is fine detail, whatever its contrast: what tells sharp from soft."""
    return float(np.abs(cv2.Laplacian(plane, cv2.CV_32F)[inside]).mean() / (plane[inside].std() + 4))


_SIGMAS = (0.5, 0.75, 1.0, 1.4, 1.9, 2.5)


def equally_sharp(one: Plane, other: Plane, inside: NDArray[np.bool_], sharpness: float) -> tuple[Plane, Plane]:
    """Blur the sharper one until both have as much detail."""
    if abs(sharpness) < 0.12:
        return one, other
    sharper, softer = (one, other) if sharpness > 0 else (other, one)
    wanted = detail(softer, inside)
    best = sharper
    for sigma in _SIGMAS:
        blurred = cv2.GaussianBlur(sharper, (0, 0), sigma)
        if detail(blurred, inside) < wanted:
            break
        best = blurred
    return (best, other) if sharpness > 0 else (one, best)


def toned(plane: Plane, like: Plane, inside: NDArray[np.bool_]) -> Plane:
    """The plane with the tones of another, by a rising curve (histogram matching)."""
    mask = inside.view(np.uint8)
    levels = cv2.convertScaleAbs(plane)
    (mine, at), (theirs, to) = (_ranks(some, mask) for some in (levels, cv2.convertScaleAbs(like)))
    if len(at) == 0:
        return plane
    curve = np.interp(np.arange(256), at, np.interp(mine, theirs, to)).astype(np.float32)
    smooth = cv2.GaussianBlur(curve.reshape(1, -1), (0, 0), 3, borderType=cv2.BORDER_REPLICATE)[0]
    return cv2.LUT(levels, smooth) + (plane - levels)


def _ranks(levels: NDArray[np.uint8], mask: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The levels that occur, and for each the share of pixels that are darker, half of its own included."""
    count = cv2.calcHist([levels], [0], mask, [256], [0, 256]).ravel().astype(np.float64)
    there = np.flatnonzero(count)
    return ((np.cumsum(count) - count / 2) / max(1.0, count.sum()))[there], there
