"""How a decoder process asks for memory before a large picture takes it. The other end is workers.vision.budget.

Invariant: a file asks at most once for each larger amount; outside a decoder process nothing is asked.
"""

from __future__ import annotations

from collections.abc import Callable

from workers.vision.budget import BYTES_A_PIXEL, UNASKED

_ask: Callable[[int], None] | None = None
_granted = UNASKED


def ask_with(ask: Callable[[int], None]) -> None:
    """From now on, for the next file: ``ask`` is called with the bytes that are needed, and returns when they may be
    taken."""
    global _ask, _granted
    _ask, _granted = ask, UNASKED


def make_room(size: tuple[int, int]) -> None:
    """To be called before pixels are decoded, with the width and height that they will have in memory."""
    global _granted
    needed = size[0] * size[1] * BYTES_A_PIXEL
    if _ask is not None and needed > _granted:
        _ask(needed)
        _granted = needed
