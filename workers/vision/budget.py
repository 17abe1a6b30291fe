"""Memory that the decoders of one worker share: large pictures wait for each other, small ones pass at once.

Invariant: what is granted never sums to more than the budget, but for one picture that alone needs more; whoever
asked first is served first, so that a large picture is not overtaken for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

UNASKED = 32 << 20
"""Bytes. A picture that needs no more passes without asking."""

BYTES_A_PIXEL = 8
"""Pillow keeps four bytes a pixel, and turning one mode into another takes four more for a while."""


class Budget:
    """``size`` bytes, for several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._granted = 0
        self._waiting: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def granted(self, wanted: int) -> Iterator[None]:
        """Hold ``wanted`` bytes inside the block; waits for them before it."""
        turn = object()
        with self._changed:
            self._waiting.append(turn)
            self._changed.wait_for(lambda: self._waiting[0] is turn and self._fits(wanted))
            self._waiting.popleft()
            self._granted += wanted
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._granted -= wanted
                self._changed.notify_all()

    def _fits(self, wanted: int) -> bool:
        return self._granted == 0 or self._granted + wanted <= self._size
