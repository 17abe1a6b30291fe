"""What of a picture lies inside of plain borders: frames, bars, margins.

Invariant: a line that shows anything is never outside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PLAIN = 5.0  # levels: the spread of a line that shows nothing
_SAME = 8.0  # levels by which the middle of such a line may differ from that of the outermost one
_MOST = 0.45  # of the side: a picture that is plain further in is no frame around another
_LEAST = 2  # lines

Box = tuple[int, int, int, int]


def content(plane: NDArray[np.uint8]) -> Box:
    """(left, top, right, bottom) of what is not border, in pixels of ``plane`` uint8 (h, w)."""
    top, bottom = _depth(plane), _depth(plane[::-1])
    left, right = _depth(plane.T), _depth(plane.T[::-1])
    height, width = plane.shape
    return left, top, width - right, height - bottom


def _depth(plane: NDArray[np.uint8]) -> int:
    """How many lines from the first on are border, with the one in which the picture begins."""
    spread, middle = plane.std(axis=1), plane.mean(axis=1)
    plain = (spread < _PLAIN) & (np.abs(middle - middle[0]) < _SAME)
    depth = int(plain.argmin()) if not plain.all() else len(plain)
    return depth + 1 if _LEAST <= depth <= _MOST * len(plain) else 0
