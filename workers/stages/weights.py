"""Weights: download those of the default network, and tell how far that is and how it ends."""

from __future__ import annotations

import time

from shared.context import Context
from shared.domain.errors import Unavailable
from shared.domain.scan import DEFAULT_MODEL
from shared.store import weights as store
from workers.vision.weights import find_weights


def download(ctx: Context) -> None:
    """Download the weights where they are not here; who downloads them already is waited for."""

    def tell(loaded: int, _: int | None) -> None:
        store.tell(ctx.redis, loaded, time.time())

    tell(0, None)
    try:
        find_weights(DEFAULT_MODEL, None, ctx.layout.weights, tell)
    except Unavailable as error:
        store.fail(ctx.redis, error.message, time.time())
    else:
        store.clear(ctx.redis)
