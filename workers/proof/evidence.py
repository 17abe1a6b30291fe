"""Everything that is measured about a pair of pictures, before anything is concluded from it.

Invariant: plain numbers; the order of the two pictures changes no measure but those that are named for one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workers.proof import overlap
from workers.proof.geometry import Fit, fit
from workers.proof.marks import Marks
from workers.proof.overlap import Agreement, Overlap, Windows
from workers.proof.panel import Panel, find
from workers.proof.surroundings import Surroundings, look
from workers.vision.local import LUMA, Local

ENOUGH = 8
"""Inliers from which on the pixels are looked at."""

_SURE = 24  # inliers from which on the mirror image is not tried
_CLEAR = 0.5  # of the features: below, a picture may be its own mirror image, nearly
_CLOSE = 10  # bits of a hash: pictures of one framing are laid on one another without any features
_BORDERED = 0.02  # of the windows disagree: plain borders may be why
_PERFECT = 0.985  # mean similarity that a better alignment could not raise


@dataclass(frozen=True, slots=True)
class Evidence:
    """``fit`` is how the pictures lie, ``laid`` their overlap; ``colour`` the change of colour in levels and
    ``colour_left`` what no scaling explains; ``around_a`` and ``around_b`` what lies outside of the overlap.
    ``inside_borders``: what agrees is what lies inside of plain borders, and nothing is known of these.
    ``framed_alike``: they were laid frame on frame, by their hashes, and ``fit`` has no inliers."""

    fit: Fit
    laid: Overlap
    agreement: Agreement
    marks: Marks
    panel: Panel | None
    panel_share: float
    colour: float
    colour_left: float
    around_a: Surroundings
    around_b: Surroundings
    inside_borders: bool
    framed_alike: bool


def gather(a: Local, b: Local, turn: int | None) -> Evidence | None:
    """Measure a pair; None where nothing says that they show anything in common.

    ``turn`` is the index (workers.vision.turned.TURNS) of the version of ``b`` whose hash is that of ``a``, nearly.
    """
    if turn is not None:
        found = _measured(a, b, _frame_on_frame(a, b, turn), framed_alike=True)
        if found is not None and found.agreement.low > 0.8 and found.agreement.mean > 0.95:
            return found
    best = fit(a, b, mirrored=False)
    if best is None or best.inliers < max(_SURE, _CLEAR * best.matched):
        mirrored = fit(a, b, mirrored=True)
        if mirrored is not None and (best is None or mirrored.inliers > best.inliers):
            best = mirrored
    if best is None or best.inliers < ENOUGH:
        return None
    return _measured(a, b, best, framed_alike=False)


def _frame_on_frame(a: Local, b: Local, turn: int) -> Fit:
    """The transform that lays the whole of one picture on the whole of a turned other."""
    mirrored, upside_down, swapped = bool(turn & 1), bool(turn & 2), bool(turn & 4)
    matrix = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]) if swapped else np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for axis, flipped in enumerate((mirrored, upside_down)):
        if flipped:
            matrix[axis] = -matrix[axis]
            matrix[axis, 2] += 1.0
    flips = np.linalg.det(matrix[:, :2]) < 0
    if flips:  # of the first picture's mirror image, as everywhere
        matrix = matrix @ np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    whole = np.diag([*b.shape, 1.0]) @ np.vstack([matrix, [0, 0, 1]]) @ np.diag([1 / a.shape[0], 1 / a.shape[1], 1.0])
    return Fit(whole[:2], bool(flips), 0, 0)


def _measured(a: Local, b: Local, found: Fit, framed_alike: bool) -> Evidence | None:
    """The best of what the transform says, what pixels make of it, and, in a collage, what its panel does."""
    matrix = overlap.pixel_matrix(a, b, found, LUMA)
    best = _compared(a, b, matrix, found.mirrored)
    if best is None:
        return None
    if best[1].mean < _PERFECT and not framed_alike:
        better = overlap.refined(a, b, matrix, found.mirrored)
        best, matrix = _better(best, _compared(a, b, better, found.mirrored), matrix, better)
    bordered = _inside_borders(a, b, best, found.mirrored) if best[1].bad > _BORDERED and not framed_alike else None
    best = bordered or best
    panel, share = None, 0.0
    if best[1].bad > 0.05 and not framed_alike and bordered is None:
        best, matrix, panel, share = _panelled(a, b, found.mirrored, best, matrix)
    laid, agreement, windows = best
    whole = np.linalg.inv(overlap.to_pixels(b.shape, LUMA)) @ matrix @ overlap.to_pixels(a.shape, LUMA)
    colour = overlap.colour_change(a, b, laid.shown, laid, found.mirrored)
    around = _around(a, b, matrix, found.mirrored)
    refit = replace(found, matrix=whole[:2])
    return Evidence(
        refit, laid, agreement, windows.marks, panel, share, *colour, *around, bordered is not None, framed_alike
    )


Compared = tuple[Overlap, Agreement, Windows]


def _compared(a: Local, b: Local, matrix: NDArray[np.float64], mirrored: bool) -> Compared | None:
    laid = overlap.lay(a, b, matrix, mirrored)
    found = None if laid is None else overlap.agreement(laid)
    return None if laid is None or found is None else (laid, *found)


def _inside_borders(a: Local, b: Local, best: Compared, mirrored: bool) -> Compared | None:
    """The same without plain borders, where these are what differs."""
    laid = overlap.unbordered(a, b, best[0], mirrored)
    found = None if laid is None else overlap.agreement(laid)
    return (laid, *found) if laid is not None and found is not None and found[0].bad < best[1].bad / 2 else None


def _better(
    best: Compared, other: Compared | None, matrix: NDArray[np.float64], another: NDArray[np.float64]
) -> tuple[Compared, NDArray[np.float64]]:
    if other is not None and other[1].mean > best[1].mean:
        return other, another
    return best, matrix


def _panelled(
    a: Local, b: Local, mirrored: bool, best: Compared, matrix: NDArray[np.float64]
) -> tuple[Compared, NDArray[np.float64], Panel | None, float]:
    panel = find(best[2].structure, best[2].textured, best[2].full)
    if panel is None:
        return best, matrix, None, 0.0
    closer = overlap.refined(a, b, matrix, mirrored, panel.box)
    other = _compared(a, b, closer, mirrored)
    again = None if other is None else find(other[2].structure, other[2].textured, other[2].full)
    if other is not None and again is not None and again.good * again.area > panel.good * panel.area:
        best, matrix, panel = other, closer, again
    grown = abs(float(np.linalg.det(best[0].shown[:2, :2])))
    return best, matrix, panel, panel.area * max(1.0, grown)


def _around(a: Local, b: Local, matrix: NDArray[np.float64], mirrored: bool) -> tuple[Surroundings, Surroundings]:
    corners = np.array([[0, 0], [LUMA, 0], [LUMA, LUMA], [0, LUMA]], np.float64) - 0.5
    back = np.linalg.inv(matrix)
    in_a, in_b = (corners @ m[:2, :2].T + m[:2, 2] for m in (back, matrix))
    return look(overlap.luma(a, mirrored), in_a), look(b.luma, in_b)


def turn_of(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> int | None:
    """Which turned version of ``other`` (8 hashes) is within a few bits of ``one`` (the upright first), None for
    none."""
    distance = np.bitwise_count(one[0] ^ other)
    best = int(distance.argmin())
    return best if distance[best] <= _CLOSE else None
