"""How far the download of the default network's weights is. What is here is told by the data folder alone.

Fields of the hash ``weights``: state, loaded (bytes), reason (why it failed), active (last sign of life).
Invariant: a download that nothing is heard of any more has failed; one that no worker has taken yet goes on waiting.
"""

from __future__ import annotations

from typing import Any, cast

from redis import Redis

from shared.domain.weights import UNDER_WAY, Weights, WeightsState
from shared.store import keys

SILENT_S = 60.0
CUT_OFF = "The download of the network's weights was cut off. Try again."


def begin(redis: Redis, now: float) -> None:
    """A worker has been asked to download them."""
    _put(redis, now, state=WeightsState.WAITING, loaded=0, reason="")


def tell(redis: Redis, loaded: int, now: float) -> None:
    """So many bytes are here."""
    _put(redis, now, state=WeightsState.LOADING, loaded=loaded, reason="")


def fail(redis: Redis, reason: str, now: float) -> None:
    """They could not be downloaded."""
    _put(redis, now, state=WeightsState.FAILED, reason=reason)


def clear(redis: Redis) -> None:
    """Forget how a download went: they are here."""
    redis.delete(keys.WEIGHTS)


def get(redis: Redis, now: float) -> Weights:
    """The latest download; MISSING where there was none, or it has ended well."""
    found = cast("dict[bytes, bytes]", redis.hgetall(keys.WEIGHTS))
    fields = {name.decode(): value.decode() for name, value in found.items()}
    if not fields:
        return Weights(WeightsState.MISSING)
    state = WeightsState(fields["state"])
    if state is WeightsState.LOADING and now - float(fields["active"]) > SILENT_S:
        return Weights(WeightsState.FAILED, reason=CUT_OFF)
    return Weights(state, int(fields.get("loaded", 0)), fields.get("reason") or None)


def under_way(redis: Redis, now: float) -> bool:
    """Whether they are being downloaded, or soon will be."""
    return get(redis, now).state in UNDER_WAY


def _put(redis: Redis, now: float, **fields: Any) -> None:
    redis.hset(keys.WEIGHTS, mapping=cast(Any, fields | {"active": now}))
