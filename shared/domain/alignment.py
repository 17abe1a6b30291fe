"""The way an image lies on another, seen from the other side.

Invariant: turning an alignment around twice gives the first one, but for rounding.
"""

from __future__ import annotations

from dataclasses import replace

from shared.domain.model import Alignment, Image, Signals


def flipped(signals: Signals, first: Image, second: Image) -> Signals:
    """The signals of (second, first), from those of (first, second)."""
    if signals.alignment is None:
        return signals
    return replace(signals, alignment=_flipped(signals.alignment, _width(first), _width(second)))


def _width(image: Image) -> float:
    return image.width / max(image.width, image.height, 1)


def _flipped(lies: Alignment, width: float, other_width: float) -> Alignment:
    a, b, c, d, e, f = lies.matrix
    area = a * e - b * d
    if abs(area) < 1e-12:
        return lies
    shift = ((b * f - c * e) / area, (c * d - a * f) / area)
    inverse: tuple[float, ...] = (e / area, -b / area, shift[0], -d / area, a / area, shift[1])
    if lies.mirrored:  # the mirror image is now that of the other picture
        inverse = _mirrored(inverse, width, other_width)
    finer = 1 / lies.finer if lies.finer else 0.0
    return Alignment(lies.inliers, lies.shows, lies.shown, finer, lies.mirrored, inverse)


def _mirrored(matrix: tuple[float, ...], width: float, other_width: float) -> tuple[float, ...]:
    """From (other -> mirrored first) to (mirrored other -> first): both sides turned over."""
    a, b, c, d, e, f = matrix
    return (a, -b, width - a * other_width - c, -d, e, d * other_width + f)
