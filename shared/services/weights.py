"""The trained weights of the default network: are they here, and shall they be downloaded?

Invariant: nothing is downloaded for a page before somebody has said so. The answer is kept in the data folder, so that
nobody is asked twice for what a scan can do without.
"""

from __future__ import annotations

import time
from dataclasses import replace

from shared.context import Context
from shared.domain.errors import Conflict
from shared.domain.scan import DEFAULT_MODEL
from shared.domain.weights import Weights, WeightsState
from shared.layout import downloaded_weights
from shared.names import DOWNLOAD_WEIGHTS
from shared.services import access
from shared.store import weights as store


def here(ctx: Context) -> bool:
    """Whether a scan needs no download: they were given, or downloaded before."""
    given = ctx.settings.weights
    return given.is_file() if given is not None else downloaded_weights(ctx.layout.weights / DEFAULT_MODEL) is not None


def look(ctx: Context) -> Weights:
    """Whether they are here, how far a download is, and whether somebody was asked."""
    found = Weights(WeightsState.HERE) if here(ctx) else store.get(ctx.redis, time.time())
    return replace(found, asked=ctx.settings.weights is not None or ctx.layout.weights_answer.exists())


def answer(ctx: Context, download: bool) -> Weights:
    """Remember what somebody said, and have them downloaded where that is wanted and not under way.

    Raises Forbidden (read-only); Conflict (code ``weights_not_found``) where LOOKALIKE_WEIGHTS names a file that is not
    there: a download would change nothing.
    """
    access.check_changes(ctx.settings)
    remember(ctx, download)
    if download and not here(ctx) and not store.under_way(ctx.redis, time.time()):
        if ctx.settings.weights is not None:
            raise Conflict(
                f"LOOKALIKE_WEIGHTS names {ctx.settings.weights}, where there is no file. Put it there, or unset"
                " LOOKALIKE_WEIGHTS to download the weights.",
                code="weights_not_found",
            )
        store.begin(ctx.redis, time.time())
        ctx.send(DOWNLOAD_WEIGHTS)
    return look(ctx)


def remember(ctx: Context, download: bool) -> None:
    """Keep an answer. Raises OSError."""
    ctx.layout.weights.mkdir(parents=True, exist_ok=True)
    ctx.layout.weights_answer.write_text("yes\n" if download else "no\n")
