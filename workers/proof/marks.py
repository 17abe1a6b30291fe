"""What differs where two pictures otherwise agree: a mark that was put on one of them, or a thing that has moved.

A mark brings edges to one of the pictures. A thing that has moved takes them from one place and brings them to another.

Invariant: looks only at the overlap; a pair that agrees everywhere has no marks.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_LEAST = 14.0  # levels
_SPOT = 12  # pixels of the frame


@dataclass(frozen=True, slots=True)
class Marks:
    """``area`` is the share of the frame that differs, in so many ``spots``; ``lopsided`` how far its edges are those
    of one picture alone, 0 to 1, ``one_way`` how far it is lighter, or darker, in one."""

    area: float
    spots: int
    lopsided: float
    one_way: float


NONE = Marks(0.0, 0, 1.0, 1.0)


def find(one: Plane, other: Plane, inside: NDArray[np.bool_]) -> Marks:
    """The marks of two planes, float32 (n, n), of equal tones and sharpness."""
    apart = cv2.blur(one - other, (3, 3))
    usual = float(np.median(np.abs(apart[inside])))
    changed = (np.abs(apart) > max(_LEAST, 6 * usual)) & inside
    if changed.sum() < _SPOT:
        return NONE
    count, labels = cv2.connectedComponents(cv2.dilate(changed.view(np.uint8), np.ones((3, 3), np.uint8)))
    edges = [np.bincount(labels.ravel(), weights=_edges(plane).ravel(), minlength=count)[1:] for plane in (one, other)]
    difference = apart[changed]
    return Marks(
        area=float(changed.mean()),
        spots=count - 1,
        lopsided=float(abs((edges[0] - edges[1]).sum()) / max(1.0, (edges[0] + edges[1]).sum())),
        one_way=float(abs(difference.sum()) / np.abs(difference).sum()),
    )


def _edges(plane: Plane) -> Plane:
    return np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=0.25))
