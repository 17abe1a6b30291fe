"""Questions whether a picture is there already, and their answers; each lives for minutes.

Fields of the hash ``check:<id>``: question (JSON), answer (JSON) once a worker has given it.
"""

from __future__ import annotations

import json
from typing import Any, cast

from redis import Redis

from shared.store import keys

_LIFE_S = 300


def ask(redis: Redis, check_id: str, question: dict[str, Any]) -> None:
    redis.hset(keys.check(check_id), "question", json.dumps(question))
    redis.expire(keys.check(check_id), _LIFE_S)


def question(redis: Redis, check_id: str) -> dict[str, Any] | None:
    """None where nobody waits for an answer any more."""
    return _read(redis, check_id, "question")


def reply(redis: Redis, check_id: str, answer: dict[str, Any]) -> None:
    if redis.exists(keys.check(check_id)):
        redis.hset(keys.check(check_id), "answer", json.dumps(answer))


def answer(redis: Redis, check_id: str) -> dict[str, Any] | None:
    """None while there is none."""
    return _read(redis, check_id, "answer")


def forget(redis: Redis, check_id: str) -> None:
    redis.delete(keys.check(check_id))


def _read(redis: Redis, check_id: str, field: str) -> dict[str, Any] | None:
    text = cast("bytes | None", redis.hget(keys.check(check_id), field))
    return None if text is None else cast("dict[str, Any]", json.loads(text))
