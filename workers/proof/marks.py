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
    of one picture alone, 0 to 1, ``one_way`` how far it is lighter, or darker, in one; ``shining`` how far the two
    correlate there, as under a pale mark, and ``shining_detail`` their detail. ``largest`` is the share of the largest
    spot in all of them, ``filled`` how much of its box it fills, ``uneven`` how much more varied it is in one of the
    two (logarithm)."""

    area: float
    spots: int
    lopsided: float
    one_way: float
    shining: float = 1.0
    shining_detail: float = 1.0
    largest: float = 0.0
    filled: float = 0.0
    uneven: float = 0.0


NONE = Marks(0.0, 0, 1.0, 1.0)


def find(one: Plane, other: Plane, inside: NDArray[np.bool_]) -> Marks:
    """The marks of two planes, float32 (n, n), of equal tones and sharpness."""
    apart = cv2.blur(one - other, (3, 3))
    usual = float(np.median(np.abs(apart[inside])))
    changed = (np.abs(apart) > max(_LEAST, 6 * usual)) & inside
    if changed.sum() < _SPOT:
        return NONE
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(
        cv2.dilate(changed.view(np.uint8), np.ones((3, 3), np.uint8))
    )
    edges = [np.bincount(labels.ravel(), weights=_edges(plane).ravel(), minlength=count)[1:] for plane in (one, other)]
    difference, sizes = apart[changed], boxes[1:, cv2.CC_STAT_AREA]
    large = 1 + int(sizes.argmax())
    _, _, width, height, size = boxes[large]
    spread = [float(plane[labels == large].std()) + 2 for plane in (one, other)]
    return Marks(
        area=float(changed.mean()),
        spots=count - 1,
        lopsided=float(abs((edges[0] - edges[1]).sum()) / max(1.0, (edges[0] + edges[1]).sum())),
        one_way=float(abs(difference.sum()) / np.abs(difference).sum()),
        shining=_correlation(one[changed], other[changed]),
        shining_detail=_correlation(*((plane - cv2.blur(plane, (9, 9)))[changed] for plane in (one, other))),
        largest=float(size / sizes.sum()),
        filled=float(size / (width * height)),
        uneven=float(abs(np.log(spread[0] / spread[1]))),
    )


def _correlation(one: Plane, other: Plane) -> float:
    """Of two planes at some pixels; 0 where one of them shows nothing."""
    return float(np.corrcoef(one, other)[0, 1]) if min(one.std(), other.std()) > 1 else 0.0


def _edges(plane: Plane) -> Plane:
    return np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=0.25))
