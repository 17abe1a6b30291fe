"""What of a picture lies outside of the part that another shows: a frame, the rest of the scene, or other things.

Invariant: says nothing about the common part itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.vision.local import LUMA

_ACROSS = 3  # pixels on either side of the edge
_POINTS, _FEW = 48, 12  # along each side, and how many of them must lie in the picture
_LEAST_REST = 0.03
_CLOSE = 3.0  # pixels from a side: as good as there
_PLAIN = 40.0  # variance of a window that shows nothing


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``rest`` is the share of the picture outside, ``plain`` how much of that shows nothing; ``seam`` how much more
    the picture changes across the edge of the part than it does just inside of it, 1 where there is no edge; ``sides``
    how many sides of the picture the part reaches."""

    rest: float
    plain: float
    seam: float
    sides: int


def look(outer: NDArray[np.uint8], corners: NDArray[np.float64]) -> Surroundings:
    """The surroundings of the part with these ``corners`` (4, 2), in pixels of ``outer`` uint8 (160, 160)."""
    part = np.zeros((LUMA, LUMA), np.uint8)
    cv2.fillConvexPoly(part, np.rint(corners).astype(np.int32), 1)
    grown = cv2.dilate(part, np.ones((5, 5), np.uint8))
    outside = grown == 0
    rest = 1.0 - float(part.mean())
    if rest < _LEAST_REST or outside.sum() < 50:
        return Surroundings(rest, 1.0, 1.0, _sides(corners))
    plane = outer.astype(np.float32)
    variance = cv2.boxFilter(plane * plane, -1, (5, 5)) - cv2.boxFilter(plane, -1, (5, 5)) ** 2
    away = cv2.dilate(part, np.ones((11, 11), np.uint8)) == 0
    plain = float((variance[away] < _PLAIN).mean()) if away.sum() > 30 else float((variance[outside] < _PLAIN).mean())
    return Surroundings(rest, plain, _seam(plane, corners), _sides(corners))


def _sides(corners: NDArray[np.float64]) -> int:
    near = corners.min(axis=0) < _CLOSE, corners.max(axis=0) > LUMA - 1 - _CLOSE
    return int(np.sum(near))


def _seam(outer: NDArray[np.float32], corners: NDArray[np.float64]) -> float:
    """The second strongest of three sides or four counts, since a crop may end at a wall on one; else the strongest."""
    middle = corners.mean(axis=0)
    found: list[float] = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = np.linspace(0.08, 0.92, _POINTS)[:, None]
        line = start + along * (end - start)
        out = (start + end) / 2 - middle
        out = out / max(float(np.linalg.norm(out)), 1e-6)
        steps = [line + out * step for step in (-2 * _ACROSS, -_ACROSS + 1, _ACROSS - 1)]
        inside = np.all([((s >= 0) & (s <= LUMA - 1)).all(axis=1) for s in steps], axis=0)
        if inside.sum() < _FEW:
            continue
        steps = [s[inside] for s in steps]
        deep, inner, outside = (_sampled(outer, s) for s in steps)
        across = float(np.abs(inner - outside).mean())
        usual = float(np.abs(deep - inner).mean())
        found.append((across + 2) / (usual + 2))
    found.sort(reverse=True)
    return found[1 if len(found) > 2 else 0] if found else 1.0


def _sampled(plane: NDArray[np.float32], at: NDArray[np.float64]) -> NDArray[np.float32]:
    x, y = at.astype(np.float32).T
    return cv2.remap(plane, x[None], y[None], cv2.INTER_LINEAR)[0]
