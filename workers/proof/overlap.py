"""Two pictures laid on one another: the part that both show, at the coarser one's resolution, brought to the same
tones and sharpness; and how well it agrees, window by window.

Invariant: nothing outside of either picture is ever compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.proof.borders import content
from workers.proof.geometry import Fit
from workers.proof.marks import NONE as NO_MARKS
from workers.proof.marks import Marks
from workers.proof.marks import find as find_marks
from workers.proof.tones import detail, equally_sharp, toned
from workers.vision.local import CHROMA, LUMA, Local

Plane = NDArray[np.float32]

WINDOW = 9
_LEAST = 24**2  # pixels of an overlap
_STEP = 3
_BROAD = 13  # pixels: tones are compared over so much, since detail is lost by every small copy
_QUIET = 18.0  # variance, levels squared: what JPEG leaves of a flat part
_TEXTURED = 4 * _QUIET
_MARGIN = 2
_MARKED = 0.7  # the similarity of a window below which marks are looked for
_MARK = 20.0  # levels


@dataclass(frozen=True, slots=True)
class Overlap:
    """The common part. ``one`` and ``other`` are float32 luma (160, 160) in the frame of the coarser picture,
    ``inside`` where both have pixels; ``first_coarser`` tells whose frame it is. ``seen_a``, ``seen_b`` are the
    shares of each picture that the other shows."""

    one: Plane
    other: Plane
    inside: NDArray[np.uint8]
    seen_a: float
    seen_b: float
    first_coarser: bool
    shown: NDArray[np.float64]  # pixels of the second (mirrored first) by pixels of the frame


def to_pixels(shape: tuple[float, float], side: int) -> NDArray[np.float64]:
    """From units of the longest side to pixels of a small picture of ``side``."""
    sx, sy = side / shape[0], side / shape[1]
    return np.array([[sx, 0, -0.5], [0, sy, -0.5], [0, 0, 1]])


def pixel_matrix(a: Local, b: Local, found: Fit, side: int) -> NDArray[np.float64]:
    """(3, 3) from pixels of the first picture's small copy (mirrored where the fit says so) to those of the second."""
    whole = np.vstack([found.matrix, [0, 0, 1]])
    return to_pixels(b.shape, side) @ whole @ np.linalg.inv(to_pixels(a.shape, side))


def luma(a: Local, mirrored: bool) -> NDArray[np.uint8]:
    return np.ascontiguousarray(a.luma[:, ::-1]) if mirrored else a.luma


def lay(a: Local, b: Local, matrix: NDArray[np.float64], mirrored: bool) -> Overlap | None:
    """The two pictures on one another by ``matrix`` (see :func:`pixel_matrix`); None where they hardly touch."""
    first, second = luma(a, mirrored), b.luma
    grown = abs(np.linalg.det(matrix[:2, :2])) ** 0.5
    coarser_first = grown >= 1  # a pixel of the first covers more than one of the second
    to_other = matrix if coarser_first else np.linalg.inv(matrix).astype(np.float64)
    frame, moved = (first, second) if coarser_first else (second, first)
    ratio = max(grown, 1 / grown)
    warped, inside = warp(moved, to_other, ratio)
    if inside.sum() < _LEAST:
        return None
    seen_frame = _share(to_other)
    seen_moved = min(1.0, seen_frame * float(abs(np.linalg.det(to_other[:2, :2]))))
    seen = (seen_frame, seen_moved) if coarser_first else (seen_moved, seen_frame)
    one, other = (frame.astype(np.float32), warped) if coarser_first else (warped, frame.astype(np.float32))
    return Overlap(one, other, inside, *seen, coarser_first, to_other)


_SQUARE = np.array([[0, 0], [LUMA, 0], [LUMA, LUMA], [0, LUMA]], np.float32) - np.float32(0.5)


def _share(to_other: NDArray[np.float64]) -> float:
    """The frame's share that lies inside the moved picture."""
    back = np.linalg.inv(to_other)
    moved = (_SQUARE @ back[:2, :2].T + back[:2, 2]).astype(np.float32)
    area, _ = cv2.intersectConvexConvex(_SQUARE, moved)
    return min(1.0, float(area) / LUMA**2)


def warp(moved: NDArray[np.uint8], to_other: NDArray[np.float64], ratio: float) -> tuple[Plane, NDArray[np.uint8]]:
    """The moved picture in the frame, and where it has pixels."""
    side = moved.shape[0]
    pixels = moved.astype(np.float32)
    if ratio > 1.25:  # so that no detail is taken that the coarser picture cannot have
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.45 * (ratio**2 - 1) ** 0.5)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(pixels, to_other[:2], (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    whole = np.zeros((side, side), np.uint8)
    margin = _MARGIN
    whole[margin:-margin, margin:-margin] = 1
    there = cv2.warpAffine(whole, to_other[:2], (side, side), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    there &= whole
    return warped, there


def unbordered(a: Local, b: Local, laid: Overlap, mirrored: bool) -> Overlap | None:
    """The overlap of what lies inside of the plain borders of both; None where neither has any, or nothing is left."""
    inner = laid.inside.copy()
    frame, moved = (luma(a, mirrored), b.luma) if laid.first_coarser else (b.luma, luma(a, mirrored))
    inner &= _box(content(frame))
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    inner &= cv2.warpAffine(_box(content(moved)), laid.shown[:2], (LUMA, LUMA), flags=flags)
    changed = inner.sum() < 0.98 * laid.inside.sum()
    return replace(laid, inside=inner) if changed and inner.sum() >= _LEAST else None


def _box(box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    mask = np.zeros((LUMA, LUMA), np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = 1
    return mask


def refined(
    a: Local, b: Local, matrix: NDArray[np.float64], mirrored: bool, box: tuple[int, int, int, int] | None = None
) -> NDArray[np.float64]:
    """The matrix, moved so that pixels correlate best (Evangelidis & Psarakis, PAMI 2008), or as it was.

    ``box`` (left, top, right, bottom) is the part of the frame that counts; None is all of it.
    """
    first, second = luma(a, mirrored), b.luma
    grown = abs(np.linalg.det(matrix[:2, :2])) ** 0.5
    to_other = matrix if grown >= 1 else np.linalg.inv(matrix)
    frame, moved = (first, second) if grown >= 1 else (second, first)
    ratio = max(grown, 1 / grown)
    if ratio > 1.25:
        moved = cv2.GaussianBlur(moved, (0, 0), 0.45 * (ratio**2 - 1) ** 0.5)
    half = np.diag([0.5, 0.5, 1.0])
    half[:2, 2] = -0.25
    start = half @ to_other @ np.linalg.inv(half)
    small = [cv2.resize(plane, (LUMA // 2, LUMA // 2), interpolation=cv2.INTER_AREA) for plane in (frame, moved)]
    mask = None
    if box is not None:
        mask = np.zeros((LUMA // 2, LUMA // 2), np.uint8)
        mask[box[1] // 2 : box[3] // 2, box[0] // 2 : box[2] // 2] = 255
    try:
        _, better = cv2.findTransformECC(
            small[0], small[1], start[:2].astype(np.float32), cv2.MOTION_AFFINE,
            (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 1e-3), mask, 3,
        )  # fmt: skip
    except cv2.error:  # it found nothing to hold on to
        return matrix
    whole = np.linalg.inv(half) @ np.vstack([better.astype(np.float64), [0, 0, 1]]) @ half
    corners = np.array([[0, 0, 1], [LUMA, 0, 1], [0, LUMA, 1], [LUMA, LUMA, 1]], np.float64).T
    if np.abs((whole - to_other) @ corners)[:2].max() > 0.08 * LUMA:
        return matrix
    return whole if grown >= 1 else np.linalg.inv(whole)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well the common part agrees, by windows: ``mean``, ``tenth`` and ``low`` (second percentile) of their
    structural similarity, ``bad`` the share of windows below one half, ``blob`` the share of the largest coherent
    patch of these; ``gradient`` the correlation of the gradients; ``tone`` the mean change of tone in levels;
    ``residual`` the mean difference that is left in levels; ``texture`` the share of windows that show anything;
    ``sharpness`` the logarithm of how much sharper the first is; ``worst`` the similarity of the worst window,
    ``shift`` how many levels the means of windows differ by, at the 98th percentile."""

    mean: float
    tenth: float
    low: float
    bad: float
    blob: float
    gradient: float
    tone: float
    residual: float
    texture: float
    sharpness: float
    worst: float
    shift: float


@dataclass(frozen=True, slots=True)
class Windows:
    """The structural similarity of the window around each pixel of the frame, float32 (160, 160), the larger variance
    of the two there, and in which windows every pixel is ``full``y inside; and the ``marks`` on one of the two."""

    structure: Plane
    varied: Plane
    full: NDArray[np.bool_]
    marks: Marks

    @property
    def textured(self) -> NDArray[np.bool_]:
        """Windows that show anything in one of the two."""
        return self.varied > _TEXTURED


def agreement(laid: Overlap) -> tuple[Agreement, Windows] | None:
    """Compare the common part; None where no window fits into it."""
    inside = laid.inside.astype(bool)
    tone = float(np.abs(cv2.blur(laid.one - laid.other, (_BROAD, _BROAD))[inside]).mean())
    sharpness = float(np.log((detail(laid.one, inside) + 0.3) / (detail(laid.other, inside) + 0.3)))
    one, other = equally_sharp(laid.one, laid.other, inside, sharpness)
    other = toned(other, one, inside)
    full = cv2.boxFilter(laid.inside.astype(np.float32), -1, (WINDOW, WINDOW)) > 0.999
    at = np.zeros_like(full)
    at[WINDOW // 2 :: _STEP, WINDOW // 2 :: _STEP] = True
    chosen = full & at
    if chosen.sum() < 16:
        return None
    structure, varied = _structure(one, other)
    if structure[chosen].min() < _MARKED:  # what was put on one of them must not shift the tones of the rest
        alike = inside & (np.abs(one - other) < _MARK)
        if alike.sum() > inside.sum() / 2:
            other = toned(other, one, alike)
            structure, varied = _structure(one, other)
    windows = np.sort(structure[chosen])
    bad_map = (structure < 0.5) & full
    found = Agreement(
        mean=float(windows.mean()),
        tenth=float(windows[len(windows) // 10]),
        low=float(windows[len(windows) // 50]),
        bad=float((windows < 0.5).mean()),
        blob=_largest(bad_map) / float(full.sum()),
        gradient=_gradient(one, other, inside),
        tone=tone,
        residual=float(np.abs(one[inside] - other[inside]).mean()),
        texture=float((varied[chosen] > _TEXTURED).mean()),
        sharpness=sharpness,
        worst=float(windows[0]),
        shift=_shift(one, other, chosen),
    )
    marked = find_marks(one, other, inside) if found.worst < _MARKED else NO_MARKS
    return found, Windows(structure, varied, full, marked)


def _structure(one: Plane, other: Plane) -> tuple[Plane, Plane]:
    """Structural similarity of windows, contrast and structure alone, and the larger variance of the two."""
    size = (WINDOW, WINDOW)
    mean_one, mean_other = cv2.boxFilter(one, -1, size), cv2.boxFilter(other, -1, size)
    var_one = cv2.boxFilter(one * one, -1, size) - mean_one**2
    var_other = cv2.boxFilter(other * other, -1, size) - mean_other**2
    both = cv2.boxFilter(one * other, -1, size) - mean_one * mean_other
    return (2 * both + _QUIET) / (var_one + var_other + _QUIET), np.maximum(var_one, var_other)


def _shift(one: Plane, other: Plane, chosen: NDArray[np.bool_]) -> float:
    apart = np.sort(np.abs(cv2.boxFilter(one - other, -1, (WINDOW, WINDOW)))[chosen])
    return float(apart[len(apart) * 49 // 50])


def _largest(bad: NDArray[np.bool_]) -> float:
    count, _, stats, _ = cv2.connectedComponentsWithStats(bad.astype(np.uint8))
    return float(stats[1:, cv2.CC_STAT_AREA].max()) if count > 1 else 0.0


def _gradient(one: Plane, other: Plane, inside: NDArray[np.bool_]) -> float:
    parts = []
    for plane in (one, other):
        dx, dy = cv2.Sobel(plane, cv2.CV_32F, 1, 0)[inside], cv2.Sobel(plane, cv2.CV_32F, 0, 1)[inside]
        parts.append(np.concatenate([dx, dy]))
    length = float(np.linalg.norm(parts[0]) * np.linalg.norm(parts[1]))
    return float(parts[0] @ parts[1]) / length if length > 1 else 0.0


def colour_change(
    a: Local, b: Local, to_other: NDArray[np.float64], laid: Overlap, mirrored: bool
) -> tuple[float, float]:
    """Mean difference of the colours in levels, and what is left of it once each channel is scaled and shifted."""
    first = np.ascontiguousarray(a.chroma[:, ::-1]) if mirrored else a.chroma
    frame, moved = (first, b.chroma) if laid.first_coarser else (b.chroma, first)
    scale = np.diag([CHROMA / LUMA, CHROMA / LUMA, 1.0])
    scale[:2, 2] = 0.5 * CHROMA / LUMA - 0.5  # the middles of pixels, not their corners
    matrix = scale @ to_other @ np.linalg.inv(scale)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(moved, matrix[:2], (CHROMA, CHROMA), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.resize(laid.inside, (CHROMA, CHROMA), interpolation=cv2.INTER_NEAREST).astype(bool)
    broad = cv2.blur(frame.astype(np.float32) - warped, (5, 5))[inside]
    one, other = frame[inside].astype(np.float32), warped[inside].astype(np.float32)
    left = [_left(one[:, band], other[:, band]) for band in (0, 1)]
    return float(np.abs(broad).mean()), float(np.mean(left))


def _left(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """What the better of the two linear predictions of one from the other leaves, in levels."""
    spread = (float(one.var()), float(other.var()))
    both = float(((one - one.mean()) * (other - other.mean())).mean())
    quiet, loud = min(spread), max(spread)
    if loud < 1:
        return 0.0
    return float(max(0.0, quiet - both**2 / loud) ** 0.5)
