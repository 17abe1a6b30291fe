"""Waiting for a scan with a progress bar, where there is a terminal to show it on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Protocol

import click
from redis.exceptions import RedisError

from shared.context import Context
from shared.domain.errors import ScanFailed
from shared.domain.progress import Progress
from shared.domain.scan import ENDED, Phase, State
from shared.services import scans

_PERIOD_S = 0.25
_STEPS = 1000
_DOING = {
    Phase.PREPARE: "Preparing the network",
    Phase.PLAN: "Listing files",
    Phase.EXTRACT: "Reading images",
    Phase.INDEX: "Sorting",
    Phase.COMPARE: "Comparing",
    Phase.NOMINATE: "Looking for candidates",
    Phase.PAIR: "Sorting",
    Phase.PROVE: "Proving",
    Phase.CLOSE: "Sorting",
    Phase.REPROVE: "Proving within groups",
    Phase.SHORTLIST: "Sorting",
    Phase.VERIFY: "Verifying",
    Phase.GROUP: "Grouping",
}


class _Bar(Protocol):
    pos: int

    def update(self, n_steps: int, current_item: Progress | None = None) -> None: ...


def follow(ctx: Context, scan_id: str, tend: Callable[[], None]) -> None:
    """Wait until a scan has ended well, calling ``tend`` often; Ctrl-C cancels the scan.

    Raises:
        ScanFailed: it failed or was cancelled; the message says why.
        KeyboardInterrupt: the person stopped it.
    """
    try:
        with _bar() as bar:
            progress = _watch(ctx, scan_id, tend, bar)
    except BaseException:
        with suppress(RedisError):  # where Redis is what failed, that is to be told
            scans.cancel(ctx, scan_id)
        raise
    if progress.state is State.CANCELLED:
        raise ScanFailed("The scan was cancelled.", code="cancelled")
    if progress.state is State.FAILED:
        raise ScanFailed(progress.error_message or "The scan failed.", code=progress.error_code)


def _watch(ctx: Context, scan_id: str, tend: Callable[[], None], bar: _Bar | None) -> Progress:
    while True:
        progress = scans.progress(ctx, scan_id)
        if bar is not None:
            bar.update(int(progress.fraction * _STEPS) - bar.pos, progress)
        if progress.state in ENDED:
            return progress
        tend()
        time.sleep(_PERIOD_S)


def _bar() -> AbstractContextManager[_Bar | None]:
    if not sys.stderr.isatty():
        return nullcontext()
    return click.progressbar(
        length=_STEPS, show_eta=False, item_show_func=described, file=sys.stderr, update_min_steps=0, width=24
    )


def described(progress: Progress | None) -> str | None:
    """What a scan is doing, in a few words."""
    if progress is None:
        return None
    words = [progress.note or _DOING[progress.phase]]
    if progress.phase is Phase.EXTRACT:
        words.append(f"{progress.images_done} of {progress.images_total}")
    elif progress.phase is Phase.COMPARE:
        words.append(f"{progress.pairs_done} of {progress.pairs_total} pairs")
    if progress.rate is not None:
        words.append(f"{progress.rate:.0f}/s")
    if progress.eta_s is not None:
        words.append(f"{int(progress.eta_s) // 60}:{int(progress.eta_s) % 60:02d} left")
    return ", ".join(words)
