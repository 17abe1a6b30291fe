"""How far plans are, in Redis. What they hold stands in their files; what really happened, in the journals.

Fields of the hash ``plan:<id>``: state, created, turn (how often it was undone), active (last sign of life), and for
each batch of it ``done:<batch>`` or ``undo:<batch>``, a JSON list of files done, bytes, files refused: each written
whole, so that a batch that is delivered again counts once.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, cast

from redis import Redis
from redis.client import Pipeline

from shared.domain.errors import NotFound
from shared.domain.plan import WORKING, PlanProgress, PlanState
from shared.store import keys, quiet


def create(redis: Redis, plan_id: str, scan_id: str, now: float, state: PlanState = PlanState.STAGED) -> None:
    """Remember a plan."""
    fields: dict[str, str | float] = {"state": state, "scan": scan_id, "created": now, "active": now, "turn": 0}
    pipe = redis.pipeline()
    pipe.hset(keys.plan(plan_id), mapping=cast(Any, fields))
    pipe.zadd(keys.PLANS, {plan_id: now})
    pipe.execute()


def state(redis: Redis, plan_id: str) -> PlanState:
    """Raises NotFound."""
    found = cast("bytes | None", redis.hget(keys.plan(plan_id), "state"))
    if found is None:
        raise _no_plan()
    return PlanState(found.decode())


def change(redis: Redis, plan_id: str, to: PlanState, since: Collection[PlanState], now: float) -> bool:
    """Go on to a state from one of ``since``; False where it is in another one. Raises NotFound."""

    def go_on(pipe: Pipeline) -> bool:
        now_in = cast("bytes | None", pipe.hget(keys.plan(plan_id), "state"))
        if now_in is None:
            raise _no_plan()
        pipe.multi()
        if now_in.decode() not in since:
            return False
        pipe.hset(keys.plan(plan_id), mapping={"state": to, "active": now})
        return True

    answer = redis.transaction(go_on, keys.plan(plan_id), value_from_callable=True)  # type: ignore[arg-type]  # its stub
    return bool(answer)


def begin_undo(redis: Redis, plan_id: str) -> None:
    """Each time a plan is undone, its batches have other ids: what was refused once is tried again."""
    redis.hincrby(keys.plan(plan_id), "turn", 1)


def turn(redis: Redis, plan_id: str) -> int:
    return int(cast("bytes | None", redis.hget(keys.plan(plan_id), "turn")) or 0)


def record(
    redis: Redis, plan_id: str, batch_id: str, undoing: bool, done: int, freed: int, refused: int, now: float
) -> None:
    """How far a batch of the plan is; the same again changes nothing."""
    field = f"{'undo' if undoing else 'done'}:{batch_id}"
    values = {field: json.dumps([done, freed, refused]), "active": now}
    redis.hset(keys.plan(plan_id), mapping=cast(Any, values))


def progress(redis: Redis, plan_id: str) -> PlanProgress:
    """How far a plan is, all its batches together."""
    forth, back = (_counts(redis, plan_id, way).values() for way in ("done", "undo"))
    done, freed, refused = (sum(one[n] for one in forth) for n in range(3))
    return PlanProgress(done, freed, refused, sum(one[0] for one in back))


def begun(redis: Redis, plan_id: str, undoing: bool) -> list[str]:
    """Ids of its batches that were begun."""
    return list(_counts(redis, plan_id, "undo" if undoing else "done"))


def refusing(redis: Redis, plan_id: str) -> list[str]:
    """Ids of its batches in which something was refused."""
    both = _counts(redis, plan_id, "done") | _counts(redis, plan_id, "undo")
    return [batch_id for batch_id, (_, _, refused) in both.items() if refused]


def listed(redis: Redis, scan_id: str) -> list[str]:
    """Ids of a scan's plans, the latest first."""
    return [plan_id for plan_id in latest(redis) if redis.hget(keys.plan(plan_id), "scan") == scan_id.encode()]


def latest(redis: Redis) -> list[str]:
    """Ids of all plans, the latest first."""
    return [plan_id.decode() for plan_id in cast("list[bytes]", redis.zrevrange(keys.PLANS, 0, -1))]


def working(redis: Redis) -> list[str]:
    """Ids of plans that are being carried out or undone, oldest first."""
    return [plan_id for plan_id in latest(redis)[::-1] if _state_or_none(redis, plan_id) in WORKING]


def take_quiet(redis: Redis, now: float, quiet_s: float) -> list[str]:
    """Ids of working plans that nothing was heard of for so long; each is returned once in that time."""
    return quiet.take(redis, keys.plan, working(redis), now, quiet_s)


def drop(redis: Redis, plan_id: str) -> None:
    pipe = redis.pipeline()
    pipe.delete(keys.plan(plan_id))
    pipe.zrem(keys.PLANS, plan_id)
    pipe.execute()


def _counts(redis: Redis, plan_id: str, way: str) -> dict[str, list[int]]:
    fields = cast("dict[bytes, bytes]", redis.hgetall(keys.plan(plan_id)))
    named = {name.decode().partition(":"): json.loads(value) for name, value in fields.items() if b":" in name}
    return {batch_id: counts for (its_way, _, batch_id), counts in named.items() if its_way == way}


def _state_or_none(redis: Redis, plan_id: str) -> PlanState | None:
    try:
        return state(redis, plan_id)
    except NotFound:
        return None


def _no_plan() -> NotFound:
    return NotFound("There is no such plan. It may have been dropped; make another one.", code="no_such_plan")
