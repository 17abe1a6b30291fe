"""The libraries: which folders may be scanned, shown and cleaned. Known by id everywhere else."""

from __future__ import annotations

import base64
import json
from typing import cast

from redis import Redis

from shared.domain.errors import NotFound
from shared.domain.model import Library
from shared.store import keys


def put(redis: Redis, library: Library) -> None:
    """Remember a library; the same again changes nothing."""
    value = json.dumps({"root": base64.b64encode(library.root).decode(), "name": library.name})
    redis.hset(keys.LIBRARIES, library.id, value)


def get(redis: Redis, library_id: str) -> Library:
    """Raises NotFound for an id that no library has."""
    value = cast("bytes | None", redis.hget(keys.LIBRARIES, library_id))
    if value is None:
        raise NotFound("There is no such library. Add its folder first.", code="no_such_library")
    return _library(library_id, value)


def listed(redis: Redis) -> list[Library]:
    """All libraries, by name."""
    rows = cast("dict[bytes, bytes]", redis.hgetall(keys.LIBRARIES))
    found = [_library(key.decode(), value) for key, value in rows.items()]
    return sorted(found, key=lambda library: (library.name, library.id))


def put_writable(redis: Redis, library_id: str, reason: str | None) -> None:
    """Remember whether a files worker can delete in a library: None where it can, else why not."""
    redis.hset(keys.WRITABLE, library_id, reason or "")


def writable(redis: Redis, library_id: str) -> str | None:
    """Why deletion is off; None where it is on, or where no files worker has looked yet."""
    reason = cast("bytes | None", redis.hget(keys.WRITABLE, library_id))
    return reason.decode() if reason else None


def _library(library_id: str, value: bytes) -> Library:
    fields = json.loads(value)
    return Library(library_id, base64.b64decode(fields["root"]), fields["name"])
