"""The shepherd finds units that were lost and sends them again.

A thread in every worker; one of them at a time is the shepherd, by a short lease in Redis. Units are lost when
a worker is killed (its lease runs out), when Redis loses its last second, or when a sender dies between
counting one unit and sending the next (nothing happens for a while, and its message does not wait in the queue).
Sending a unit twice is harmless, since it is claimed and counted once.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Collection

import structlog
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from shared.broker import messages
from shared.context import Context
from shared.domain.errors import NotFound
from shared.names import FILES_QUEUE, PHASE_TASKS, RUN_BATCH, RUN_PLAN
from shared.store import batches, keys, plans, presence
from shared.store import scans as store

_log = structlog.get_logger(__name__)
_PERIODS_A_LEASE = 5
_LEASES_A_MOVE = 4
"""A batch has no lease: one move between disks may take long, and is no reason to send its batch again soon."""


def start(ctx: Context, queues: Collection[str] = ()) -> None:
    """Begin to watch, in a thread that ends with this process, and to say that ``queues`` are served.

    Nothing stops it before: a lock taken in the handler of a signal can meet itself there.
    """
    threading.Thread(target=_watch, args=(ctx, queues), name="shepherd", daemon=True).start()


def _watch(ctx: Context, queues: Collection[str]) -> None:
    name = f"{socket.gethostname()}:{os.getpid()}"
    period_s = ctx.settings.lease_s / _PERIODS_A_LEASE
    while True:
        time.sleep(period_s)
        try:
            if queues:
                presence.serve(ctx.redis, queues, time.time())
            if _elected(ctx, name, period_s):
                tend(ctx, time.time())
        except (RedisError, OperationalError):  # down for a moment: the next turn tries again
            _log.warning("shepherd_cannot_reach_redis")
        except Exception:
            # Whatever it was, it may be over at the next turn; a watch that ended unseen would never find it out.
            _log.exception("shepherd_failed")


def _elected(ctx: Context, name: str, period_s: float) -> bool:
    lasting_ms = int(period_s * 3000)
    if ctx.redis.set(keys.SHEPHERD, name, nx=True, px=lasting_ms):
        return True
    if ctx.redis.get(keys.SHEPHERD) != name.encode():
        return False
    ctx.redis.pexpire(keys.SHEPHERD, lasting_ms)
    return True


def tend(ctx: Context, now: float) -> None:
    """Look after every scan that has not ended, once."""
    for scan_id in store.running(ctx.redis):
        try:
            _tend_scan(ctx, scan_id, now)
        except NotFound:  # removed since the list was read
            continue
    _tend_batches(ctx, now)


def _tend_batches(ctx: Context, now: float) -> None:
    """Send deletions and plans again that nothing is heard of; the journal keeps a move from repeating."""
    quiet_s = _LEASES_A_MOVE * ctx.settings.lease_s
    quiet = [(RUN_BATCH, batch_id) for batch_id in batches.take_quiet(ctx.redis, now, quiet_s)]
    quiet += [(RUN_PLAN, plan_id) for plan_id in plans.take_quiet(ctx.redis, now, quiet_s)]
    there = messages(ctx.redis, FILES_QUEUE) if quiet else set()
    for task, which in quiet:
        if (task, which) not in there:
            _log.warning("moves_unheard", task=task, id=which)
            ctx.send(task, which)


def _tend_scan(ctx: Context, scan_id: str, now: float) -> None:
    for phase, unit in store.take_expired(ctx.redis, scan_id, now):
        _log.warning("unit_lost", scan=scan_id, phase=str(phase), unit=unit)
        ctx.send(PHASE_TASKS[phase][0], scan_id, unit)
        store.touch(ctx.redis, scan_id, now)
    quiet_s = now - float(store.fields(ctx.redis, scan_id)["active"])
    if quiet_s < ctx.settings.lease_s:
        return
    phase, units = store.unheard(ctx.redis, scan_id)
    task, queue = PHASE_TASKS[phase]
    there = messages(ctx.redis, queue) if units else set()
    lost = [unit for unit in units if (task, scan_id, unit) not in there]
    if lost:
        _log.warning("units_unheard", scan=scan_id, phase=str(phase), units=len(lost))
        for unit in lost:
            ctx.send(task, scan_id, unit)
        store.touch(ctx.redis, scan_id, now)
