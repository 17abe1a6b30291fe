"""Keep rules that were saved by name."""

from __future__ import annotations

import json
from typing import cast

from redis import Redis

from shared.domain.errors import NotFound
from shared.domain.keep_rules import Rules
from shared.store import codec, keys


def put(redis: Redis, name: str, rules: Rules) -> None:
    """Save rules, in the place of earlier ones of that name."""
    redis.hset(keys.RULES, name, json.dumps(codec.write_rules(rules)))


def listed(redis: Redis) -> list[tuple[str, Rules]]:
    """All that are saved, by name."""
    found = cast("dict[bytes, bytes]", redis.hgetall(keys.RULES))
    return [(name.decode(), codec.read_rules(json.loads(text))) for name, text in sorted(found.items())]


def remove(redis: Redis, name: str) -> None:
    """Raises NotFound."""
    if not redis.hdel(keys.RULES, name):
        raise NotFound("No rules are saved under this name.", code="no_such_rules")
