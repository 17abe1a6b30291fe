"""Pausing and resuming a scan in Redis, and forgetting one that has ended.

Invariant: a paused scan loses nothing: what was under way is counted when it is done, and what waited is sent again.
"""

from __future__ import annotations

from redis import Redis

from shared.store import keys
from shared.store.scans import WINDOW
from shared.store.scripts import script


def pause(redis: Redis, scan_id: str, now: float) -> None:
    """From now on no unit of this scan is begun; one that has ended, or is paused, stays as it is."""
    script(redis, "pause")([keys.scan(scan_id)], [now])


def resume(redis: Redis, scan_id: str, now: float) -> bool:
    """Let a paused scan go on; the units to be sent are what :func:`shared.store.scans.unheard` says.

    False where it was not paused.
    """
    return bool(script(redis, "resume")([keys.scan(scan_id)], [now, WINDOW]))


def busy(redis: Redis, scan_id: str, now: float) -> bool:
    """Whether a living worker still has a unit of this scan in its hands."""
    return bool(redis.zcount(keys.leases(scan_id), now, "+inf"))


def forget(redis: Redis, scan_id: str) -> None:
    """Remove all that Redis knows of a scan. Repeating it is harmless."""
    beside = list(redis.scan_iter(match=f"{keys.scan(scan_id)}:*", count=1000))
    redis.zrem(keys.SCANS, scan_id)
    redis.delete(keys.scan(scan_id), *beside)
