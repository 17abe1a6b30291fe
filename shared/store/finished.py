"""Scans that have ended well, by what they compared: whoever searches may use what they found out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from redis import Redis

from shared.domain.scan import ScanKind, ScanRequest, State
from shared.store import keys
from shared.store import scans as store
from shared.store.scans import Scan

MOST = 1000
"""So many of the latest scans and searches are looked through."""
_AT_ONCE = 100


def latest(redis: Redis) -> Iterator[Scan]:
    """Finished scans of libraries, the one asked for last first; no searches."""
    ids = store.latest(redis, MOST)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        pipe = redis.pipeline()
        for scan_id in some:
            pipe.hmget(keys.scan(scan_id), "state", "request")
        states = cast("list[list[bytes | None]]", pipe.execute())
        for scan_id, (state, request) in zip(some, states, strict=True):
            if state == State.DONE.encode() and request and _is_scan(request):
                yield store.get(redis, scan_id)


def _is_scan(request: bytes) -> bool:
    return ScanRequest.from_json(request.decode()).kind is ScanKind.LIBRARY
