"""Signals, and when they are heard."""

from __future__ import annotations

import os
import signal

import pytest

from cli import interruption


@pytest.mark.parametrize("number", interruption.SIGNALS)
def test_the_first_signal_waits_for_a_safe_point(number: signal.Signals) -> None:
    reached = False
    with interruption.deferred() as check:
        check()
        os.kill(os.getpid(), number)
        reached = True
        with pytest.raises(KeyboardInterrupt):
            check()
    assert reached


def test_a_second_signal_does_not_wait() -> None:
    with interruption.deferred():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", interruption.SIGNALS)
def test_elsewhere_a_signal_is_raised_at_once(number: signal.Signals) -> None:
    with interruption.raised(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


def test_handlers_are_put_back_and_ignored_signals_stay_ignored() -> None:
    before = {number: signal.getsignal(number) for number in interruption.SIGNALS}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruption.raised(), interruption.deferred() as check:
            os.kill(os.getpid(), signal.SIGHUP)
            check()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before[signal.SIGHUP])
    assert {number: signal.getsignal(number) for number in interruption.SIGNALS} == before
