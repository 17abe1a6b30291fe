"""Where one picture lies in another: a transform that many local features agree on.

Nearest descriptors both ways, then a vote on how far they turn and grow (Lowe, "Distinctive image features from
scale-invariant keypoints", IJCV 2004, section 7.3), then RANSAC (Fischler & Bolles, CACM 1981) for the similarity, and
least squares for the affine transform that all who agree fit best.

Invariant: coordinates are in units of a picture's longest side; a transform maps those of the first picture, mirrored
where it says so, to those of the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.vision.local import Local

LEAST = 6
"""Features that must agree before anything is looked at."""

_FAR = 72  # bits of 256: descriptors that differ more do not show the same
_TURNS = 16  # bins of the vote
_NEAR = 0.010  # of the longest side, in the second picture
_DESCRIBED = 12  # inliers from which on an affine transform is fitted


@dataclass(frozen=True, slots=True)
class Fit:
    """``matrix`` float64 (2, 3) from the first picture to the second; ``mirrored``: of the first one's mirror image.

    ``inliers`` features agree with it, of ``matched`` that were each other's nearest.
    """

    matrix: NDArray[np.float64]
    mirrored: bool
    inliers: int
    matched: int

    @property
    def scale(self) -> float:
        """Length in the second picture over length in the first."""
        return float(abs(np.linalg.det(self.matrix[:, :2])) ** 0.5)

    @property
    def turn(self) -> float:
        """Degrees by which the first picture (mirrored first) is turned, -180 to 180."""
        (a, b), (c, d) = self.matrix[:, :2]
        return float(np.degrees(np.arctan2(c - b, a + d)))

    @property
    def stretch(self) -> float:
        """How much longer one axis has become than the other: 1 for a similarity."""
        one, other = np.linalg.svd(self.matrix[:, :2], compute_uv=False)
        return float(one / max(other, 1e-9))


def fit(a: Local, b: Local, mirrored: bool) -> Fit | None:
    """The transform that most features agree on; None where fewer than LEAST do."""
    if len(a.place) < LEAST or len(b.place) < LEAST:
        return None
    one, other = _matched(a.mirrored if mirrored else a.descriptor, b.descriptor)
    if len(one) < LEAST:
        return None
    agreeing = _voted(a, b, one, other, mirrored)
    if len(agreeing) < LEAST:
        return None
    source, target = placed(a, mirrored)[one], b.place[other]
    return _estimated(source, target, agreeing, mirrored)


def placed(a: Local, mirrored: bool) -> NDArray[np.float32]:
    """Where features are, in the picture or in its mirror image."""
    return np.stack([a.shape[0] - a.place[:, 0], a.place[:, 1]], axis=1) if mirrored else a.place


def _matched(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Descriptors (n, 32) that are each other's nearest, and near; every distance is counted once for both ways."""
    apart = np.zeros((len(one), len(other)), np.uint16)
    words = [np.ascontiguousarray(descriptors).view(np.uint64).T for descriptors in (one, other)]
    for mine, theirs in zip(*words, strict=True):
        apart += np.bitwise_count(mine[:, None] ^ theirs[None, :])
    nearest, back = apart.argmin(axis=1), apart.argmin(axis=0)
    at = np.arange(len(one))
    both = np.flatnonzero((back[nearest] == at) & (apart[at, nearest] <= _FAR))
    return both, nearest[both]


def _voted(a: Local, b: Local, one: NDArray[np.int64], other: NDArray[np.int64], mirrored: bool) -> NDArray[np.int64]:
    """Those matches that turn and grow about as most do."""
    angle = np.pi - a.angle[one] if mirrored else a.angle[one]
    turn = np.floor((b.angle[other] - angle) % (2 * np.pi) * (_TURNS / (2 * np.pi))).astype(np.int64) % _TURNS
    grown = np.rint(2 * np.log2(b.size[other] / a.size[one])).astype(np.int64) + 8
    votes = np.zeros((_TURNS, 17))
    np.add.at(votes, (turn, grown), 1)
    wide = votes + np.roll(votes, 1, 0) + np.roll(votes, -1, 0)
    wide[:, 1:-1] = wide[:, 1:-1] + wide[:, :-2] + wide[:, 2:]
    best_turn, best_grown = np.unravel_index(int(wide.argmax()), wide.shape)
    away = np.abs((turn - best_turn + _TURNS // 2) % _TURNS - _TURNS // 2)
    return np.flatnonzero((away <= 1) & (np.abs(grown - best_grown) <= 1))


def _estimated(
    source: NDArray[np.float32], target: NDArray[np.float32], agreeing: NDArray[np.int64], mirrored: bool
) -> Fit | None:
    matrix, _ = cv2.estimateAffinePartial2D(
        source[agreeing], target[agreeing], method=cv2.RANSAC, ransacReprojThreshold=_NEAR, maxIters=400,
        confidence=0.995, refineIters=3,
    )  # fmt: skip
    if matrix is None:
        return None
    for _ in range(2):
        near = _agree(matrix, source, target)
        if len(near) < LEAST:
            return None
        if len(near) >= _DESCRIBED:
            matrix = _affine(source[near], target[near])
    near = _agree(matrix, source, target)
    scale = abs(np.linalg.det(matrix[:, :2])) ** 0.5
    if len(near) < LEAST or not 1 / 12 < scale < 12:
        return None
    return Fit(matrix, mirrored, len(near), len(source))


def _agree(matrix: NDArray[np.float64], source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.int64]:
    return np.flatnonzero(np.linalg.norm(source @ matrix[:, :2].T + matrix[:, 2] - target, axis=1) <= _NEAR)


def _affine(source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    whole = np.column_stack([source, np.ones(len(source))])
    return np.linalg.lstsq(whole.astype(np.float64), target.astype(np.float64), rcond=None)[0].T
