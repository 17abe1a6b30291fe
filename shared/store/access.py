"""API tokens, and the browsers that have signed in. Secrets are stored as digests only."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import cast

from redis import Redis

from shared.domain.access import Scope, Token
from shared.store import keys


def put(redis: Redis, token: Token) -> None:
    """Remember a token."""
    fields = asdict(token)
    redis.hset(keys.TOKENS, fields.pop("id"), json.dumps(fields))


def get(redis: Redis, token_id: str) -> Token | None:
    """The token of this id, None where there is none."""
    value = cast("bytes | None", redis.hget(keys.TOKENS, token_id))
    return None if value is None else _token(token_id, value)


def listed(redis: Redis) -> list[Token]:
    """All tokens, the oldest first."""
    rows = cast("dict[bytes, bytes]", redis.hgetall(keys.TOKENS))
    found = [_token(token_id.decode(), value) for token_id, value in rows.items()]
    return sorted(found, key=lambda token: (token.created, token.id))


def remove(redis: Redis, token_id: str) -> bool:
    """Forget a token; False where there was none."""
    return bool(redis.hdel(keys.TOKENS, token_id))


def open_session(redis: Redis, digest: str, lifetime_s: int) -> None:
    """Remember that the browser which holds the secret of this digest has signed in."""
    redis.set(keys.session(digest), 1, ex=lifetime_s)


def is_open(redis: Redis, digest: str) -> bool:
    return bool(redis.exists(keys.session(digest)))


def close_session(redis: Redis, digest: str) -> None:
    redis.delete(keys.session(digest))


def _token(token_id: str, value: bytes) -> Token:
    fields = json.loads(value)
    return Token(token_id, fields["name"], Scope(fields["scope"]), fields["created"], fields["digest"])
