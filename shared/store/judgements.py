"""What a person answered about pairs of contents, to learn how strict to be; by digests (ascending), so it outlives
scans. It decides nothing about the pictures: verdicts do (see ``shared.store.verdicts``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from redis import Redis

from shared.store import keys

Pair = tuple[str, str]


def put(redis: Redis, answers: Mapping[Pair, bool | None]) -> None:
    """Remember whether pairs show one picture; None forgets."""
    told = {f"{a}:{b}": int(same) for (a, b), same in answers.items() if same is not None}
    dropped = [f"{a}:{b}" for (a, b), same in answers.items() if same is None]
    if told:
        redis.hset(keys.JUDGEMENTS, mapping=cast("dict[Any, Any]", told))
    if dropped:
        redis.hdel(keys.JUDGEMENTS, *dropped)


def listed(redis: Redis) -> dict[Pair, bool]:
    found = cast("dict[bytes, bytes]", redis.hgetall(keys.JUDGEMENTS))
    return {cast(Pair, tuple(name.decode().split(":"))): value == b"1" for name, value in found.items()}
