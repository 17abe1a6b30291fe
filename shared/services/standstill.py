"""Why a scan stands still, in a sentence for people: what to do about it, where something is to be done.

Invariant: nothing is said of a scan that goes on; all causes are looked up in the store, and none is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping

from redis.exceptions import RedisError

from shared.context import Context
from shared.domain.scan import Phase
from shared.names import PHASE_TASKS
from shared.store import presence
from shared.store import scans as store

UNSERVED_S = 10.0
"""Workers take some seconds to start, and a command starts its own."""
STILL_S = 60.0


def cause(ctx: Context, scan_id: str, fields: Mapping[str, str], now: float) -> str | None:
    """What a scan that has not ended waits for; None while it goes on.

    ``fields`` are the scan's (see ``shared.store.scans``), ``now`` is in seconds since the epoch.
    """
    phase = Phase(fields["phase"])
    quiet_s = now - max(float(fields[name]) for name in ("progressed", "phase_started") if name in fields)
    if quiet_s < UNSERVED_S:
        return None
    if unserved := _unserved(ctx, phase, now):
        return unserved
    told = bool(fields.get("note"))  # by the worker itself, such as how far a download is
    return None if told or quiet_s < STILL_S else _still(ctx, scan_id, phase, fields, quiet_s)


def _unserved(ctx: Context, phase: Phase, now: float) -> str | None:
    queue = PHASE_TASKS[phase][1]
    served = presence.last_served(ctx.redis, queue)
    if served is not None and now - served < max(UNSERVED_S, ctx.settings.lease_s):
        return None
    since = "has been heard of yet" if served is None else f"has been heard of for {_duration(now - served)}"
    return (
        f"No {queue} worker {since}, and the scan waits for one. Start it, or look at its log; "
        "the scan goes on by itself."
    )


def _still(ctx: Context, scan_id: str, phase: Phase, fields: Mapping[str, str], quiet_s: float) -> str:
    begin = f"Nothing has been finished for {_duration(quiet_s)}. "
    if not _writes(ctx):
        return begin + "Redis cannot write its file: the disk is probably full. Make room; the scan goes on by itself."
    if "last_error" in fields:
        return begin + f"A task failed and is tried again: {fields['last_error']}."
    held = store.held(ctx.redis, scan_id)
    if held:
        noun = "task of this scan is" if held == 1 else "tasks of this scan are"
        return begin + f"{held} {noun} in the hands of a living worker: large files or a slow disk take their time."
    others = len(store.running(ctx.redis)) - 1
    if others > 0:
        return begin + f"The workers are busy with other scans ({others}); this one takes its turn."
    return begin + f"No worker has taken its {PHASE_TASKS[phase][1]} tasks yet; they are sent again in a moment."


def _writes(ctx: Context) -> bool:
    try:
        return str(ctx.redis.info("persistence").get("aof_last_write_status", "ok")) == "ok"
    except RedisError:  # a Redis of others may not tell
        return True


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
