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
    correlate there, as under a pale mark, and ``shining_detail`` their detail; ``flat`` is the share of what differs
    that shows nothing in one of the two, ``dense`` how much more edges than elsewhere both have there (logarithm), as
    other words in one place have. ``largest`` is the share of the largest spot in all of them, ``filled`` how
    much of its box it fills, ``uneven`` how much more varied it is in one of the two (logarithm), ``outlined`` how much
    sharper its outline (logarithm). ``stark`` is how much more varied one of the two is there than elsewhere
    (logarithm), as white letters with black outlines are, ``long`` how far the box that nine tenths of it lie in is
    from a square (logarithm), as a line of words is."""

    area: float
    spots: int
    lopsided: float
    one_way: float
    shining: float = 1.0
    shining_detail: float = 1.0
    largest: float = 0.0
    filled: float = 0.0
    uneven: float = 0.0
    flat: float = 0.0
    outlined: float = 0.0
    dense: float = 0.0
    stark: float = 0.0
    long: float = 0.0


NONE = Marks(0.0, 0, 1.0, 1.0)


def find(one: Plane, other: Plane, inside: NDArray[np.bool_]) -> Marks:
    """The marks of two planes, float32 (n, n), of equal tones and sharpness."""
    apart = cv2.blur(one - other, (3, 3))
    usual = float(np.median(np.abs(apart[inside])))
    changed = (np.abs(apart) > max(_LEAST, 6 * usual)) & inside
    if changed.sum() < _SPOT:
        return NONE
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(cv2.dilate(changed.view(np.uint8), _NEAR))
    edges = [_edges(plane) for plane in (one, other)]
    lines = [np.bincount(labels.ravel(), weights=some.ravel(), minlength=count)[1:].sum() for some in edges]
    difference, sizes = apart[changed], boxes[1:, cv2.CC_STAT_AREA]
    number = 1 + int(sizes.argmax())
    _, _, width, height, size = boxes[number].tolist()
    large = labels == number
    return Marks(
        area=float(changed.mean()),
        spots=count - 1,
        lopsided=float(abs(lines[0] - lines[1]) / max(1.0, lines[0] + lines[1])),
        one_way=float(abs(difference.sum()) / np.abs(difference).sum()),
        shining=_correlation(one[changed], other[changed]),
        shining_detail=_correlation(*((plane - cv2.blur(plane, (9, 9)))[changed] for plane in (one, other))),
        largest=size / float(sizes.sum()),
        filled=size / float(width * height),
        uneven=_ratio(*(float(plane[large].std()) for plane in (one, other))),
        flat=_flat(labels > 0, edges),
        outlined=_ratio(*(float(some[_rim(large)].mean()) for some in edges)),
        dense=min(_dense(labels > 0, some, inside) for some in edges),
        stark=max(_stark(plane, changed, inside) for plane in (one, other)),
        long=_long(changed),
    )


_NEAR = np.ones((3, 3), np.uint8)
_PLAIN = 2.5  # levels a pixel


def _ratio(one: float, other: float) -> float:
    return float(abs(np.log((one + 2) / (other + 2))))


def _rim(spot: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return spot & (cv2.erode(spot.view(np.uint8), _NEAR) == 0)


def _flat(spots: NDArray[np.bool_], edges: list[Plane]) -> float:
    """The share inside of the spots, their rims left out, without any edges in one of the two."""
    core = spots & ~_rim(spots)
    inner = core if core.sum() >= _SPOT / 2 else spots
    return max(float((some[inner] < _PLAIN).mean()) for some in edges)


def _dense(spots: NDArray[np.bool_], edges: Plane, inside: NDArray[np.bool_]) -> float:
    here, elsewhere = edges[spots & inside], edges[inside & ~spots]
    return float(np.log((here.mean() + 1) / (elsewhere.mean() + 1))) if here.size and elsewhere.size else 0.0


def _stark(plane: Plane, changed: NDArray[np.bool_], inside: NDArray[np.bool_]) -> float:
    here, elsewhere = plane[changed], plane[inside & ~changed]
    return float(np.log((here.std() + 4) / (elsewhere.std() + 4))) if elsewhere.size else 0.0


def _long(changed: NDArray[np.bool_]) -> float:
    high, wide = (np.diff(np.percentile(axis, (5, 95)))[0] + 1 for axis in np.nonzero(changed))
    return float(abs(np.log(wide / high)))


def _correlation(one: Plane, other: Plane) -> float:
    """Of two planes at some pixels; 0 where one of them shows nothing."""
    return float(np.corrcoef(one, other)[0, 1]) if min(one.std(), other.std()) > 1 else 0.0


def _edges(plane: Plane) -> Plane:
    return np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=0.25))
