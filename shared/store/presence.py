"""Which queues have workers: each worker says from time to time that it is there.

Invariant: a worker that was killed, frozen or cut off says nothing, so a queue's time stands still when nobody
serves it any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from redis import Redis

from shared.store import keys


def serve(redis: Redis, queues: Iterable[str], now: float) -> None:
    """A worker of these queues is there."""
    redis.hset(keys.SERVED, mapping=dict.fromkeys(queues, now))


def last_served(redis: Redis, queue: str) -> float | None:
    """When a worker of a queue was last heard of (seconds since the epoch), None for never."""
    at = cast("bytes | None", redis.hget(keys.SERVED, queue))
    return None if at is None else float(at)
