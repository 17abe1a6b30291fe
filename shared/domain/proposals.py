"""Which matches are good enough that a picture may be proposed to go because of them.

Invariant: a proposal is never made on a match that this module does not allow; people may still decide so themselves.
"""

from __future__ import annotations

from shared.domain.model import Alignment, Kind, Signals, Tier

_HELD = frozenset(
    {Kind.RE_ENCODED, Kind.RESIZED, Kind.CROPPED, Kind.TURNED, Kind.MIRRORED, Kind.COLOUR, Kind.DAMAGED, Kind.FRAMED}
)
"""Kinds in which one picture can hold all that the other shows."""

_WHOLE = 0.965
_AS_FINE = 1.1


def proposable(signals: Signals) -> bool:
    """Whether a picture that matches the one to keep like this may be proposed to go.

    The match must be proven, and the picture to keep must show all of it, at no fewer pixels.
    """
    if signals.kind in (Kind.EXACT, Kind.SAME_PIXELS):
        return True
    lies = signals.alignment
    if signals.tier is not Tier.PROVEN or signals.kind not in _HELD or lies is None:
        return False
    return lies.finer <= _AS_FINE and _holds_all(signals.kind, lies)


def _holds_all(kind: Kind, lies: Alignment) -> bool:
    """Whether the member shows nothing that the keeper lacks; what surrounds a framed picture is nothing."""
    if kind is Kind.FRAMED:
        return lies.shows >= _WHOLE > lies.shown
    return lies.shown >= _WHOLE
