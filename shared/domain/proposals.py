"""Which matches are good enough that a picture may be proposed to go because of them.

Invariant: a proposal is never made on a match that this module does not allow; people may still decide so themselves.
"""

from __future__ import annotations

from shared.domain.model import Kind, Signals

_PROPOSABLE = frozenset({Kind.EXACT, Kind.SAME_PIXELS, Kind.SIMILAR})


def proposable(signals: Signals) -> bool:
    """Whether a picture that matches the one to keep like this may be proposed to go."""
    return signals.kind in _PROPOSABLE
