"""The state of scans in Redis: which units are done, which are under way, what has been counted.

Invariants: a unit is counted once however often it runs; counters are written in the same step as the unit's done
bit, so a Redis that lost its last second is only behind, never inconsistent.

Fields of the hash ``scan:<id>``: request, state, phase, created, started, ended, phase_started, paused (since when),
active (last sign of life), progressed (a unit was last counted), note, without, error_code, error_message, last_error,
total:<phase>, sent:<phase>, done:<phase>, images, images_done, images_known (unchanged since an earlier scan),
unreadable, pairs, pairs_done, pairs_known (compared by an earlier scan), groups, matches, root:<library> (its identity
when it was walked), base and as_of (the scan that a search goes by, and when that was asked for); fixed for all
workers: pixels and deep (spaces), projection, precision, batch_size, chunk_size, floor (matches are kept down to it),
contents, shortlist_size; plan, index and shortlist (names of tables that its unit has written).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from redis import Redis

from shared.domain.errors import NotFound
from shared.domain.scan import PHASES, Phase, ScanRequest, State
from shared.store import keys
from shared.store.scripts import script

WINDOW = 64
"""Units of one scan under way at once: enough for many workers, few enough for scans to share them fairly."""
MAX_ATTEMPTS = 5


class Claim(StrEnum):
    """What became of the wish to begin a unit."""

    GO = "go"
    STALE = "stale"  # the scan has ended or gone on
    DONE = "done"
    BUSY = "busy"  # somebody who is alive is at it
    EXHAUSTED = "exhausted"  # it was begun too often


@dataclass(frozen=True, slots=True)
class Scan:
    """What a worker needs to know of a scan.

    ``pixels`` and ``deep`` name its spaces in the feature store, ``projection`` how its vectors are projected,
    ``index`` its tables of contents. Each is None until a unit has found it out, and for a scan that needs none.
    ``kept_to`` is the cosine down to which matches are kept; see :attr:`floor`.
    """

    id: str
    request: ScanRequest
    pixels: str | None = None
    deep: str | None = None
    projection: str | None = None
    index: str | None = None
    kept_to: float | None = None

    @property
    def floor(self) -> float:
        """The cosine from which on two contents are kept as a match; never above the threshold."""
        return self.request.threshold if self.kept_to is None else self.kept_to


@dataclass(frozen=True, slots=True)
class Found:
    """What a unit found: fields to set, counters to raise. Repeating it changes nothing."""

    set: Mapping[str, int | str] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """Units of a phase that are to be sent."""

    phase: Phase
    units: range


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from a completed unit."""

    counted: bool
    send: Send | None = None
    ended: bool = False


def create(redis: Redis, scan_id: str, request: ScanRequest, now: float) -> Send:
    """Remember a new scan; returns its first unit."""
    first = Phase.PREPARE if request.embeds or request.proves else Phase.PLAN
    proving = (Phase.PAIR, Phase.CLOSE) if request.proves else ()
    units = dict.fromkeys((first, Phase.PLAN, Phase.INDEX, *proving, Phase.SHORTLIST, Phase.GROUP), 1)
    fields: dict[str, str | float] = {f"total:{phase}": total for phase, total in units.items()}
    fields |= {"request": request.to_json(), "state": State.QUEUED, "phase": first, f"sent:{first}": 1}
    fields |= {"created": now, "phase_started": now, "active": now, "progressed": now}
    pipe = redis.pipeline()
    pipe.hset(keys.scan(scan_id), mapping=cast("dict[Any, Any]", fields))
    pipe.zadd(keys.SCANS, {scan_id: now})
    pipe.execute()
    return Send(first, range(1))


def get(redis: Redis, scan_id: str) -> Scan:
    """Raises NotFound."""
    found = fields(redis, scan_id)
    wanted = ScanRequest.from_json(found["request"])
    kept_to = float(found["floor"]) if "floor" in found else None
    return Scan(
        scan_id, wanted, found.get("pixels"), found.get("deep"), found.get("projection"), found.get("index"), kept_to
    )


def fields(redis: Redis, scan_id: str) -> dict[str, str]:
    """All fields of a scan as text. Raises NotFound."""
    found = cast("dict[bytes, bytes]", redis.hgetall(keys.scan(scan_id)))
    if not found:
        raise NotFound("There is no such scan.", code="no_such_scan")
    return {name.decode(): value.decode() for name, value in found.items()}


def latest(redis: Redis, limit: int, before: float | None = None) -> list[str]:
    """Ids of the latest scans, newest first; of those asked for earlier than ``before`` (epoch seconds)."""
    most = "+inf" if before is None else f"({before!r}"
    found = cast("list[bytes]", redis.zrevrangebyscore(keys.SCANS, most, "-inf", start=0, num=limit))
    return [scan_id.decode() for scan_id in found]


def claim(redis: Redis, scan_id: str, phase: Phase, unit: int, now: float, lease_s: float) -> Claim:
    """Begin a unit and hold it for ``lease_s`` seconds; see :func:`renew`."""
    names = [keys.scan(scan_id), keys.done(scan_id, phase), keys.leases(scan_id), keys.attempts(scan_id)]
    reply = script(redis, "claim")(names, [phase, unit, now, now + lease_s, MAX_ATTEMPTS])
    return Claim(cast(bytes, reply).decode())


def renew(redis: Redis, scan_id: str, phase: Phase, unit: int, until: float) -> bool:
    """Hold a unit until ``until``; False where it is no longer held (done by another, or the scan has ended)."""
    pipe = redis.pipeline()
    pipe.zadd(keys.leases(scan_id), {f"{phase}:{unit}": until}, xx=True)
    pipe.hmget(keys.scan(scan_id), "state", "phase")
    _, (state, at) = pipe.execute()
    return bool(state == State.RUNNING.encode() and at == phase.encode())


def complete(redis: Redis, scan_id: str, phase: Phase, unit: int, found: Found, now: float) -> Step:
    """Count a unit as done together with what it found, once."""
    names = [keys.scan(scan_id), keys.done(scan_id, phase), keys.leases(scan_id), keys.attempts(scan_id)]
    # cjson cannot tell {} from [], and needs neither here: pairs() runs over both
    text = json.dumps({"set": dict(found.set), "add": dict(found.add)})
    reply = script(redis, "complete")(names, [phase, unit, now, WINDOW, text, ",".join(PHASES)])
    verdict, *rest = cast("list[Any]", reply)
    if verdict == b"send":
        following, first, end = rest
        return Step(True, Send(Phase(following.decode()), range(int(first), int(end))))
    return Step(verdict in (b"wait", b"end"), ended=verdict == b"end")


def end(redis: Redis, scan_id: str, state: State, now: float, code: str = "", message: str = "") -> bool:
    """End a scan as failed or cancelled; False where it had ended before."""
    reply = script(redis, "end")([keys.scan(scan_id)], [state, now, code, message])
    return bool(reply)


def note(redis: Redis, scan_id: str, sentence: str) -> None:
    """Say what is going on now, for people."""
    redis.hset(keys.scan(scan_id), "note", sentence)


def count_groups(redis: Redis, scan_id: str, groups: int, matches: int) -> None:
    """Say how many groups and matches the result now shows."""
    redis.hset(keys.scan(scan_id), mapping={"groups": groups, "matches": matches})


def take_turn(redis: Redis, scan_id: str, every_s: float) -> bool:
    """Whether it is time to show what a scan has found so far, and nobody else is at it."""
    return bool(redis.set(keys.provisional(scan_id), 1, nx=True, px=int(every_s * 1000)))


def wait_turn(redis: Redis, scan_id: str, pause_s: float) -> None:
    """Nobody is to show it again before this time is over."""
    redis.set(keys.provisional(scan_id), 1, px=int(pause_s * 1000))


def give_back(redis: Redis, scan_id: str, phase: Phase, unit: int, now: float, error: str) -> None:
    """A unit failed unexpectedly: let its lease end now, so that it is tried again, and remember why."""
    pipe = redis.pipeline()
    pipe.zadd(keys.leases(scan_id), {f"{phase}:{unit}": now}, xx=True)
    pipe.hset(keys.scan(scan_id), "last_error", error)
    pipe.execute()


def take_expired(redis: Redis, scan_id: str, now: float) -> list[tuple[Phase, int]]:
    """Units whose worker has not been heard of; each is returned to one caller only."""
    names = cast("list[bytes]", redis.zrangebyscore(keys.leases(scan_id), "-inf", now))
    taken = [name for name in names if redis.zrem(keys.leases(scan_id), name)]
    return [(Phase(phase), int(unit)) for phase, unit in (name.decode().split(":") for name in taken)]


def unheard(redis: Redis, scan_id: str) -> tuple[Phase, list[int]]:
    """Units of the current phase that were sent, but are neither done nor under way."""
    found = fields(redis, scan_id)
    phase = Phase(found["phase"])
    sent = int(found.get(f"sent:{phase}", 0))
    bitmap = cast("bytes | None", redis.get(keys.done(scan_id, phase))) or b""
    held = {name.decode() for name in cast("list[bytes]", redis.zrange(keys.leases(scan_id), 0, -1))}
    missing = [u for u in range(sent) if not _bit(bitmap, u) and f"{phase}:{u}" not in held]
    return phase, missing


def held(redis: Redis, scan_id: str) -> int:
    """How many units are under way, or were until their worker was lost."""
    return redis.zcard(keys.leases(scan_id))


def _bit(bitmap: bytes, number: int) -> bool:
    """Redis numbers the bits of a byte from its most significant."""
    byte, bit = divmod(number, 8)
    return byte < len(bitmap) and bool(bitmap[byte] & (0x80 >> bit))


def touch(redis: Redis, scan_id: str, now: float) -> None:
    """A sign of life."""
    redis.hset(keys.scan(scan_id), "active", now)


def running(redis: Redis) -> list[str]:
    """Ids of scans that have not ended, oldest first."""
    ids = [scan_id.decode() for scan_id in cast("list[bytes]", redis.zrange(keys.SCANS, 0, -1))]
    pipe = redis.pipeline()
    for scan_id in ids:
        pipe.hget(keys.scan(scan_id), "state")
    states = pipe.execute()
    open_states = (State.QUEUED.encode(), State.RUNNING.encode())
    return [scan_id for scan_id, state in zip(ids, states, strict=True) if state in open_states]
