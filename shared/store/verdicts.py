"""What people decided about pairs of contents. One hash; its fields are pairs of digests, so nothing else refers to it.

Invariant: a pair has one verdict at most, the latest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, cast

from redis import Redis

from shared.domain.review import Decision, Verdict
from shared.store import keys


def put(redis: Redis, decisions: Iterable[Decision]) -> None:
    """Remember decisions, in the place of earlier ones on the same pairs."""
    values = {f"{d.a}:{d.b}": json.dumps([d.verdict, *d.names, d.decided]) for d in decisions}
    if values:
        redis.hset(keys.VERDICTS, mapping=cast("dict[Any, Any]", values))


def forget(redis: Redis, pairs: Sequence[tuple[str, str]]) -> int:
    """Forget what was decided on these pairs (ascending digests); returns how many had been decided."""
    return redis.hdel(keys.VERDICTS, *(f"{a}:{b}" for a, b in pairs)) if pairs else 0


def pairs(redis: Redis) -> list[tuple[str, str]]:
    """All pairs that are decided."""
    found = cast("list[bytes]", redis.hkeys(keys.VERDICTS))
    return [cast("tuple[str, str]", tuple(name.decode().split(":"))) for name in found]


def listed(redis: Redis) -> list[Decision]:
    """All decisions, the latest first."""
    found = cast("dict[bytes, bytes]", redis.hgetall(keys.VERDICTS))
    return sorted((_decision(name.decode(), value) for name, value in found.items()), key=lambda d: -d.decided)


def _decision(name: str, value: bytes) -> Decision:
    a, b = name.split(":")
    verdict, one, other, decided = json.loads(value)
    return Decision(a, b, Verdict(verdict), (one, other), decided)
