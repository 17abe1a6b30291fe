"""Comparing: the units of the phase compare, a pair of blocks each, and what they have found so far, for people."""

from __future__ import annotations

import time

from shared.context import Context
from shared.store import results
from shared.store import scans as store
from shared.store.scans import Found, Scan
from workers.stages.comparison import Comparison
from workers.stages.group import grouped
from workers.stages.matches import gathered
from workers.stages.searching import comparison_of

FIRST_S = 2.0
"""A comparison that takes no longer is not shown before its end."""
EVERY_S = 5.0
_SHARE = 0.05  # of the time of one worker, at most, that goes into showing


def compare_blocks(ctx: Context, scan: Scan, unit: int) -> Found:
    """Score one pair of blocks that no earlier scan has compared; of a search, its image with one block."""
    comparison = comparison_of(ctx, scan)
    pair = comparison.tasks[unit]
    comparison.compare(pair)
    if scan.request.upload is None:
        show(ctx, scan, comparison)
    return Found(add={"pairs_done": comparison.pairs(pair)})


def show(ctx: Context, scan: Scan, comparison: Comparison) -> None:
    """Write the groups that the pairs of blocks compared so far form, unless that was done a moment ago.

    Twins count only where they match otherwise: their pixels are digested later.
    """
    begun = time.time()
    if begun - float(store.fields(ctx.redis, scan.id)["phase_started"]) < FIRST_S:
        return
    if not store.take_turn(ctx.redis, scan.id, EVERY_S):
        return
    result, _ = grouped(ctx, scan, gathered(ctx, scan, comparison.known()))
    results.write(ctx.layout.provisional(scan.id), result)
    store.wait_turn(ctx.redis, scan.id, max(EVERY_S, (time.time() - begun) / _SHARE))
