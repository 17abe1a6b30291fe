"""Ctrl-C, being told to end, and losing the terminal: all three leave every block in order.

While programs are started and messages are on their way, an exception out of nowhere may be swallowed by a library
or leave a child that nobody knows of. There the first signal waits for a safe point; only a second one does not.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def raised() -> Iterator[None]:
    """In this block each of the signals raises KeyboardInterrupt."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


@contextmanager
def deferred() -> Iterator[Callable[[], None]]:
    """In this block the first signal waits for a call of the function yielded here, which raises KeyboardInterrupt."""
    asked = False

    def remember(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    def check() -> None:
        if asked:
            raise KeyboardInterrupt

    with _handled_by(remember):
        yield check


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in SIGNALS if not _ignored(number)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _ignored(number: signal.Signals) -> bool:
    # nohup and background jobs of a shell are started so, and mean it
    return signal.getsignal(number) is signal.SIG_IGN
