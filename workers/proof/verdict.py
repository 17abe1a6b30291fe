"""From evidence to a verdict: what was done to the picture, how sure that is, and whether it may be called proven.

The probability is a logistic regression on measures of the overlap, another one where a part differs and all else
agrees (benchmarks/quality_fit.py made their numbers, and docs/matching.md shows how well they are calibrated); the kind
follows from the geometry and from what differs. *Proven* is stricter than likely: every window of the overlap must
agree, so that nothing that only one picture shows can hide there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.model import Kind, Tier
from workers.proof.coefficients import BIAS, MARK_BIAS, MARK_MIDDLE, MARK_SPREAD, MARK_WEIGHTS, WEIGHTS
from workers.proof.evidence import Evidence
from workers.proof.geometry import Fit

WHOLE = 0.965
"""The share of a picture from which on it counts as shown whole."""

LIKELY = 0.5
"""The probability from which on two pictures are told to be one."""

_PROVEN = 0.98


@dataclass(frozen=True, slots=True)
class Verdict:
    """``confidence`` is the probability that both show one picture; ``shown_a`` and ``shown_b`` the shares of each that
    the other shows; ``finer`` the pixels of the second over those of the first along a line that both show."""

    kind: Kind
    tier: Tier
    confidence: float
    inliers: int
    shown_a: float
    shown_b: float
    finer: float
    fit: Fit


def measures(found: Evidence) -> list[float]:
    """What the probability is made of."""
    agreed = found.agreement
    inliers, share = _held(found)
    return [
        float(np.log2(inliers / 16)),
        share,
        agreed.mean,
        agreed.tenth,
        min(agreed.low, 0.8),
        min(agreed.bad, 0.3),
        min(agreed.blob, 0.2),
        agreed.gradient,
        min(agreed.residual, 20) / 10,
        min(found.colour_left, 8) / 4,
        min(found.fit.stretch - 1, 0.3) * 5,
        float(np.sqrt(min(found.marks.area, 0.2))),
        float(np.sqrt(min(found.marks.area, 0.2))) * found.marks.lopsided,
        float(np.sqrt(min(found.marks.area, 0.2))) * found.marks.one_way,
        min(agreed.shift, 40) / 20,
        agreed.texture,
    ]


def _held(found: Evidence) -> tuple[int, float]:
    """How many features agree, and which share; as many as usual where pictures were laid frame on frame without."""
    if found.framed_alike:
        return 60, 0.7
    return found.fit.inliers, found.fit.inliers / max(1, found.fit.matched)


def mark_measures(found: Evidence) -> list[float]:
    """What tells a mark on one of the two, which is put on a picture, from a thing that has moved or changed in it."""
    agreed, marks, laid = found.agreement, found.marks, found.laid
    inliers, share = _held(found)
    return [
        float(np.log2(inliers / 16)),
        share,
        agreed.mean,
        agreed.tenth,
        agreed.low,
        agreed.worst,
        min(agreed.bad, 0.3),
        min(agreed.blob, 0.2),
        agreed.gradient,
        min(agreed.residual, 20) / 10,
        min(agreed.shift, 40) / 20,
        agreed.texture,
        min(found.colour, 20) / 10,
        min(found.colour_left, 8) / 4,
        min(found.fit.stretch - 1, 0.3) * 5,
        laid.seen_a * laid.seen_b,
        abs(laid.seen_a - laid.seen_b),
        float(np.sqrt(min(marks.area, 0.2))),
        float(np.log1p(marks.spots)),
        marks.lopsided,
        marks.one_way,
        marks.shining,
        marks.shining_detail,
        marks.largest,
        marks.filled,
        min(marks.uneven, 2.0),
        marks.flat,
        marks.outlined,
        marks.dense,
        min(marks.stark, 1.5),
        min(marks.long, 2.5),
    ]


def with_products(
    measured: NDArray[np.float64], middle: NDArray[np.float64], spread: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Measures of marks, float64 (..., n), in units of their ``spread`` (n), followed by the product of every two of
    them: what one says hangs on the others. A white line over gravel is a caption, a white spot is a stone."""
    scaled = np.clip((measured - middle) / spread, -_FAR, _FAR)
    i, j = np.triu_indices(measured.shape[-1])
    return np.concatenate([scaled, scaled[..., i] * scaled[..., j]], axis=-1)


_FAR = 4.0  # spreads: beyond, nothing was learned


def is_marked(found: Evidence) -> bool:
    """Whether a part differs where all else agrees, so that the question is what differs."""
    return found.marks.area > 0 and found.agreement.bad > _MARKED_BAD and found.agreement.low < _MARKED_LOW


def probability(found: Evidence) -> float:
    """That both show one picture, 0 to 1."""
    if is_marked(found):
        terms = with_products(np.array(mark_measures(found)), np.array(MARK_MIDDLE), np.array(MARK_SPREAD))
        return _logistic(MARK_BIAS + float(np.dot(MARK_WEIGHTS, terms)))
    return _logistic(BIAS + float(np.dot(WEIGHTS, measures(found))))


def _logistic(score: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(score, -30, 30))))


_MARKED_BAD, _MARKED_LOW = 0.004, 0.6


_MOST_BAD, _LARGEST_BLOB = 0.27, 0.18


def ceiling(found: Evidence) -> float:
    """What no other measure may raise: a page of one application has another picture in it, a form other words, a flat
    one shows nothing."""
    agreed = found.agreement
    if agreed.bad > _MOST_BAD or agreed.blob > _LARGEST_BLOB or _is_template(found):
        return 0.1
    if agreed.texture < _TEXTURED and not _unchanged(found):
        return 0.1
    return 1.0


def _is_template(found: Evidence) -> bool:
    """Whether most features disagree and what differs is lighter here and darker there: other words on one form."""
    few = found.fit.inliers < 0.5 * found.fit.matched
    return few and found.agreement.bad > 0.1 and found.marks.area > 0 and found.marks.one_way < 0.5


_TEXTURED = 0.04
"""The share of windows that must show anything for structure to tell something."""


def _unchanged(found: Evidence) -> bool:
    """Whether both look alike to the eye as they are, tones and colours included: all that a picture without structure
    has. Any ramp is another one's mirror image."""
    if found.fit.mirrored or abs(found.fit.turn) > 1.5:
        return False
    return found.agreement.tone < 3 and found.agreement.residual < 2 and found.colour < 3


def judge(found: Evidence, size_a: tuple[int, int], size_b: tuple[int, int], damaged: bool = False) -> Verdict:
    """The verdict on two pictures of these sizes (width, height), of which one is ``damaged``, or none is."""
    chance = min(probability(found), ceiling(found))
    finer = max(size_b) * found.fit.scale / max(size_a)
    panel = _is_panel(found)
    if panel:
        chance = max(chance, 0.9)
    kind = Kind.CONTAINED if panel else _kind(found, size_a, size_b, finer) if chance >= LIKELY else _unlike(found)
    torn = damaged and not panel and _ends_early(found)
    if torn and kind is Kind.CONTAINED:
        kind = Kind.CROPPED
    tier = Tier.PROVEN if kind in SAFE and chance >= _PROVEN and _strict(found, torn) else Tier.LIKELY
    if damaged and kind in SAFE:
        kind = Kind.DAMAGED
    laid = found.laid
    return Verdict(kind, tier, chance, found.fit.inliers, laid.seen_a, laid.seen_b, finer, found.fit)


SAFE = frozenset({Kind.RE_ENCODED, Kind.RESIZED, Kind.CROPPED, Kind.TURNED, Kind.MIRRORED, Kind.COLOUR, Kind.FRAMED})
"""Kinds that can be proven by pixels: the others add something that one of the two alone shows."""


def _ends_early(found: Evidence) -> bool:
    """Whether one has all of the other but what lies beyond one side, as a torn file has. It ends by chance, and may do
    so where the picture changes: a seam there says nothing."""
    return max((found.around_a, found.around_b), key=lambda around: around.rest).sides == 3


def _strict(found: Evidence, torn: bool) -> bool:
    agreed = found.agreement
    if found.inside_borders:
        return False
    held = found.framed_alike or found.fit.inliers >= 20
    alike = agreed.worst > 0.45 and agreed.low > 0.62 and agreed.tenth > 0.8 and agreed.gradient > 0.88
    uncut = torn or max(found.around_a.seam, found.around_b.seam) < _SMOOTH or _framed(found)
    return held and alike and uncut and agreed.shift < 24 and agreed.texture > 0.1 and found.colour_left < 9


def _framed(found: Evidence) -> bool:
    around = max((found.around_a, found.around_b), key=lambda side: side.rest)
    return around.plain > _PLAIN and around.seam > _FRAME and around.rest < _MOST_FRAME


def _is_panel(found: Evidence) -> bool:
    panel = found.panel
    if panel is None or found.fit.inliers < 14:
        return False
    if min(found.laid.seen_a, found.laid.seen_b) > 0.93:  # frame lies on frame: a template, or one application
        return False
    return found.panel_share > 0.25 and panel.good > 0.95 and panel.outside < 0.45 and panel.textured > 0.2


def _unlike(found: Evidence) -> Kind:
    """Not one picture: the same scene where the geometry holds over most of it."""
    agreed = found.agreement
    scene = found.fit.inliers >= 14 and agreed.mean > 0.4 and min(found.laid.seen_a, found.laid.seen_b) > 0.4
    return Kind.BURST if scene and agreed.texture > 0.15 else Kind.LOOK_ALIKE


def _kind(found: Evidence, size_a: tuple[int, int], size_b: tuple[int, int], finer: float) -> Kind:
    whole_a, whole_b = found.laid.seen_a >= WHOLE, found.laid.seen_b >= WHOLE
    if found.inside_borders and not found.agreement.bad > _MARKED_BAD:
        return Kind.FRAMED
    if not (whole_a and whole_b):
        return _part(found, whole_a, whole_b, finer)
    if found.agreement.bad > _MARKED_BAD and found.agreement.low < _MARKED_LOW:
        return Kind.OVERLAY
    if found.fit.mirrored:
        return Kind.MIRRORED
    if abs(found.fit.turn) > 1.5:
        return Kind.TURNED
    if found.agreement.tone > 5 or found.colour > 2.2:
        return Kind.COLOUR
    same = all(abs(one - other) <= 0.01 * one for one, other in zip(size_a, size_b, strict=True))
    return Kind.RE_ENCODED if same else Kind.RESIZED


_SEAM = 2.2  # from here on the part was put there
_SMOOTH = 1.7  # below, it may be proven to have been cut out
_PLAIN, _FRAME = 0.85, 1.6  # what surrounds it shows nothing, and has an edge
_MOST_FRAME = 0.4  # of a picture: what has more around it may be a screen


def _part(found: Evidence, whole_a: bool, whole_b: bool, finer: float) -> Kind:
    """One lies in the other, or they share a part."""
    if whole_a == whole_b:  # both are parts; or one was cut to its place in a collage
        return Kind.CONTAINED if max(found.around_a.seam, found.around_b.seam) > _SEAM else Kind.CROPPED
    around = found.around_b if whole_a else found.around_a
    if around.plain > _PLAIN and around.seam > _FRAME:
        return Kind.FRAMED
    inner_is_finer = finer < 0.8 if whole_a else finer > 1.25
    if around.seam > _SEAM or (inner_is_finer and around.seam > 1.4):
        return Kind.CONTAINED
    return Kind.OVERLAY if found.agreement.bad > 0.03 else Kind.CROPPED
