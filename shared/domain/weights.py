"""The trained weights of the default network: how large they are, and how far it is to have them.

Invariant: every text takes their size from here, so that it is told in one way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

BYTES = 553_467_096


class WeightsState(StrEnum):
    """Whether the weights are at hand, or on their way."""

    HERE = "here"
    MISSING = "missing"
    WAITING = "waiting"  # for a worker that downloads them
    LOADING = "loading"
    FAILED = "failed"  # the last download did not end well


UNDER_WAY = frozenset({WeightsState.WAITING, WeightsState.LOADING})


@dataclass(frozen=True, slots=True)
class Weights:
    """``loaded`` bytes of a download are here; ``reason`` says why the last one failed; ``asked`` whether somebody has
    said before whether to download them."""

    state: WeightsState
    loaded: int = 0
    reason: str | None = None
    asked: bool = False


def megabytes(size: int) -> str:
    """A size in bytes as people read it, with its unit."""
    return f"{size / 1e6:.0f} MB"


SIZE = megabytes(BYTES)


def loading(loaded: int, expected: int | None) -> str:
    """How far a download is, as a sentence."""
    whole = "" if expected is None else f" of {megabytes(expected)}"
    return f"Downloading the network's weights: {megabytes(loaded)}{whole}."
