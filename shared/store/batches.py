"""Batches in Redis: what a deletion or its undoing is to move, and how far it has come.

Invariant: this is a mirror for the page. What really happened stands in the journal, from which a batch that
Redis has lost is read again.

Fields of the hash ``batch:<id>``: kind, action, state, created, active (last sign of life), items (JSON), plan (where
it is part of one, which then looks after it), outcome:<n> (JSON of state, code, reason).
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from redis import Redis

from shared.domain.deletion import Action, Batch, BatchKind, BatchState, Item, Outcome, OutcomeState, Survivor
from shared.domain.errors import NotFound
from shared.store import codec, keys, quiet


def create(
    redis: Redis, batch_id: str, kind: BatchKind, items: Sequence[Item], now: float, plan: str | None = None
) -> None:
    """Remember a new batch, queued."""
    fields: dict[str, str | float] = {
        "kind": kind,
        "state": BatchState.QUEUED,
        "created": now,
        "active": now,
        "items": json.dumps([_to_json(item) for item in items], separators=(",", ":")),
    }
    if plan is not None:
        fields["plan"] = plan
    if items:
        fields["action"] = items[0].action  # one for all of a batch
    pipe = redis.pipeline()
    pipe.hset(keys.batch(batch_id), mapping=cast(Any, fields))
    pipe.zadd(keys.BATCHES, {batch_id: now})
    pipe.execute()


def get(redis: Redis, batch_id: str) -> Batch:
    """Raises NotFound."""
    fields = _fields(redis, batch_id)
    outcomes = (_outcome(item, fields.get(f"outcome:{n}")) for n, item in enumerate(_items(fields)))
    created = float(fields["created"])
    return Batch(batch_id, fields["kind"], fields["state"], created, tuple(outcomes), fields.get("plan"))


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker needs of a batch."""

    kind: BatchKind
    items: tuple[Item, ...]
    plan: str | None


def work(redis: Redis, batch_id: str) -> Work:
    """Raises NotFound."""
    fields = _fields(redis, batch_id)
    return Work(BatchKind(fields["kind"]), _items(fields), fields.get("plan"))


def state(redis: Redis, batch_id: str) -> BatchState | None:
    """None for a batch that Redis does not know."""
    found = cast("bytes | None", redis.hget(keys.batch(batch_id), "state"))
    return None if found is None else BatchState(found.decode())


def advance(redis: Redis, batch_id: str, state: BatchState) -> None:
    redis.hset(keys.batch(batch_id), mapping={"state": state, "active": time.time()})


def record(
    redis: Redis, batch_id: str, number: int, state: OutcomeState, code: str | None = None, reason: str | None = None
) -> None:
    """What became of item ``number``; the same again changes nothing."""
    told = {f"outcome:{number}": json.dumps([state, code, reason]), "active": time.time()}
    redis.hset(keys.batch(batch_id), mapping=cast(Any, told))


def latest(redis: Redis) -> list[str]:
    """Ids of all batches, newest first."""
    return [batch_id.decode() for batch_id in cast("list[bytes]", redis.zrevrange(keys.BATCHES, 0, -1))]


def created(redis: Redis, batch_ids: Sequence[str]) -> list[float | None]:
    """When each batch was asked for, in seconds since the epoch; None for one that Redis does not know."""
    if not batch_ids:
        return []
    return redis.zmscore(keys.BATCHES, list(batch_ids))


def unfinished(redis: Redis) -> list[str]:
    """Ids of batches that are not done and of no plan, oldest first."""
    ids = latest(redis)[::-1]
    pipe = redis.pipeline()
    for batch_id in ids:
        pipe.hmget(keys.batch(batch_id), "state", "plan")
    found = cast("list[list[bytes | None]]", pipe.execute())
    over = (None, BatchState.DONE.encode())
    return [i for i, (state, plan) in zip(ids, found, strict=True) if state not in over and plan is None]


def take_quiet(redis: Redis, now: float, quiet_s: float) -> list[str]:
    """Ids of unfinished batches that nothing was heard of for so long; each is returned once in that time."""
    return quiet.take(redis, keys.batch, unfinished(redis), now, quiet_s)


def actions(redis: Redis, batch_ids: Sequence[str]) -> dict[str, Action]:
    """Where each of some batches took its files; those that Redis does not know are left out."""
    pipe = redis.pipeline()
    for batch_id in batch_ids:
        pipe.hget(keys.batch(batch_id), "action")
    found = cast("list[bytes | None]", pipe.execute())
    return {i: Action(action.decode()) for i, action in zip(batch_ids, found, strict=True) if action is not None}


def mark_trashed(redis: Redis, image_id: str, batch_id: str) -> None:
    """Say that an image lies in the trash, moved there by this batch."""
    redis.hset(keys.TRASHED, image_id, batch_id)


def mark_restored(redis: Redis, image_id: str) -> None:
    redis.hdel(keys.TRASHED, image_id)


def trashed(redis: Redis, image_ids: Sequence[str]) -> dict[str, str]:
    """Which of these images were moved to the trash and not restored: image id to batch id."""
    if not image_ids:
        return {}
    found = cast("list[bytes | None]", redis.hmget(keys.TRASHED, list(image_ids)))
    return {i: batch.decode() for i, batch in zip(image_ids, found, strict=True) if batch is not None}


def all_trashed(redis: Redis) -> dict[str, str]:
    """Every image that lies in a trash: image id to batch id."""
    found = cast("dict[bytes, bytes]", redis.hgetall(keys.TRASHED))
    return {image.decode(): batch.decode() for image, batch in found.items()}


def _fields(redis: Redis, batch_id: str) -> dict[str, str]:
    found = cast("dict[bytes, bytes]", redis.hgetall(keys.batch(batch_id)))
    if not found:
        raise NotFound("There is no such batch.", code="no_such_batch")
    return {name.decode(): value.decode() for name, value in found.items()}


def _items(fields: dict[str, str]) -> tuple[Item, ...]:
    return tuple(_from_json(item) for item in json.loads(fields["items"]))


def _outcome(item: Item, text: str | None) -> Outcome:
    state, code, reason = (OutcomeState.WAITING, None, None) if text is None else json.loads(text)
    return Outcome(item.image, item.library, item.path, item.size, state, code, reason)


def _to_json(item: Item) -> dict[str, Any]:
    return asdict(item) | {
        "path": base64.b64encode(item.path).decode(),
        "survivors": [[s.library, base64.b64encode(s.path).decode(), s.digest] for s in item.survivors],
        "target": codec.write_folder(item.target),
    }


def _from_json(fields: dict[str, Any]) -> Item:
    survivors = tuple(Survivor(lib, base64.b64decode(path), digest) for lib, path, digest in fields["survivors"])
    read: dict[str, Any] = {"path": base64.b64decode(fields["path"]), "survivors": survivors}
    read |= {"action": Action(fields["action"]), "target": codec.read_optional_folder(fields["target"])}
    return Item(**fields | read)
