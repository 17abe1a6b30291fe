"""What people decided about pairs of contents. One hash; its fields are pairs of digests, so nothing else refers to it.

Invariants: a pair has one verdict at most, the latest. With each change the mark beside it becomes another one, so that
what a process has read stays good for as long as the mark does: there may be a hundred thousand decisions, and each
page asks for them.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, cast

from redis import Redis

from shared.domain.review import Decision, Verdict
from shared.store import keys

Pairs = frozenset[tuple[str, str]]
"""Digests, ascending."""


def put(redis: Redis, decisions: Iterable[Decision]) -> None:
    """Remember decisions, in the place of earlier ones on the same pairs."""
    values = {f"{d.a}:{d.b}": json.dumps([d.verdict, *d.names, d.decided]) for d in decisions}
    if values:
        with redis.pipeline() as pipe:
            pipe.hset(keys.VERDICTS, mapping=cast("dict[Any, Any]", values))
            pipe.set(keys.VERDICTS_MARK, uuid.uuid4().hex)
            pipe.execute()


def forget(redis: Redis, pairs: Sequence[tuple[str, str]]) -> int:
    """Forget what was decided on these pairs (ascending digests); returns how many had been decided."""
    if not pairs:
        return 0
    with redis.pipeline() as pipe:
        pipe.hdel(keys.VERDICTS, *(f"{a}:{b}" for a, b in pairs))
        pipe.set(keys.VERDICTS_MARK, uuid.uuid4().hex)
        return int(pipe.execute()[0])


def mark(redis: Redis) -> str:
    """Another one after each change; empty where nothing was ever decided."""
    return (cast("bytes | None", redis.get(keys.VERDICTS_MARK)) or b"").decode()


def pairs(redis: Redis, at: str | None = None) -> Pairs:
    """All pairs that are decided; read once for each mark (``at``, where the caller has just read it)."""
    return _read(redis, mark(redis) if at is None else at)


_lock = threading.Lock()
_known: tuple[str, Pairs] = ("", frozenset())


def _read(redis: Redis, at: str) -> Pairs:
    global _known
    with _lock:
        if _known[0] != at or not at:
            found = cast("list[bytes]", redis.hkeys(keys.VERDICTS))
            named = (name.decode().partition(":") for name in found)
            _known = at, frozenset((a, b) for a, _, b in named)
        return _known[1]


def listed(redis: Redis) -> list[Decision]:
    """All decisions, the latest first."""
    found = cast("dict[bytes, bytes]", redis.hgetall(keys.VERDICTS))
    return sorted((_decision(name.decode(), value) for name, value in found.items()), key=lambda d: -d.decided)


def _decision(name: str, value: bytes) -> Decision:
    a, b = name.split(":")
    verdict, one, other, decided = json.loads(value)
    return Decision(a, b, Verdict(verdict), (one, other), decided)
