"""Work that nothing was heard of: hashes whose field ``active`` is the time of their last sign of life."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from redis import Redis


def take(redis: Redis, key: Callable[[str], str], ids: Iterable[str], now: float, quiet_s: float) -> list[str]:
    """Those of ``ids`` whose hash at ``key(id)`` was quiet for so long; each is returned once in that time."""
    found = []
    for one in ids:
        active = cast("bytes | None", redis.hget(key(one), "active"))
        if active is None or now - float(active) >= quiet_s:
            redis.hset(key(one), "active", now)
            found.append(one)
    return found
