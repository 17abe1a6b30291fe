"""How a unit of a scan is run: claimed, held by a lease while it runs, counted once, followed by the next.

Invariant: a unit that was claimed is completed, given back, or found by its lease's end; never forgotten.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from redis.exceptions import RedisError

from shared.context import Context
from shared.domain.errors import LookalikeError, NotFound
from shared.domain.scan import Phase, State
from shared.services import scans
from shared.store import scans as store
from shared.store.scans import Claim, Found, Scan
from workers import metrics

Stage = Callable[[Context, Scan, int], Found]
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_log = structlog.get_logger(__name__)


def run(ctx: Context, scan_id: str, phase: Phase, unit: int, stage: Stage) -> None:
    """Run one unit, unless it is done, in other hands, or no longer wanted.

    An error of Lookalike's own ends the scan with its message. Any other is unexpected: it is logged and
    raised, and the unit is tried again by the shepherd, up to ``store.MAX_ATTEMPTS`` times.
    """
    with structlog.contextvars.bound_contextvars(scan=scan_id, phase=str(phase), unit=unit):
        verdict = _claim(ctx, scan_id, phase, unit)
        if verdict is not Claim.GO:
            _log.info("unit_skipped", why=str(verdict))
            return
        _log.info("unit_begun")
        try:
            with _held(ctx, scan_id, phase, unit), metrics.timed(phase):
                found = stage(ctx, store.get(ctx.redis, scan_id), unit)
        except LookalikeError as error:
            _log.warning("scan_failed", code=error.code, message=error.message)
            scans.end(ctx, scan_id, State.FAILED, error.code, error.message)
            return
        except OSError as error:
            if error.errno not in _NO_ROOM:
                _give_back(ctx, scan_id, phase, unit, error)
                raise
            scans.end(ctx, scan_id, State.FAILED, "disk_full", _no_room(ctx, error))
            return
        except Exception as error:
            # Whatever it was, the unit must go back at once; the error itself goes on to Celery and its log.
            _give_back(ctx, scan_id, phase, unit, error)
            raise
        _complete(ctx, scan_id, phase, unit, found)


def _give_back(ctx: Context, scan_id: str, phase: Phase, unit: int, error: Exception) -> None:
    store.give_back(ctx.redis, scan_id, phase, unit, time.time(), f"{type(error).__name__}: {error}")


def _no_room(ctx: Context, error: OSError) -> str:
    place = error.filename or ctx.settings.data
    _log.warning("disk_full", place=str(place))
    return f"The disk is full: {place} cannot be written. Make room, then scan again; what was computed is kept."


def _claim(ctx: Context, scan_id: str, phase: Phase, unit: int) -> Claim:
    try:
        verdict = store.claim(ctx.redis, scan_id, phase, unit, time.time(), ctx.settings.lease_s)
        if verdict is Claim.EXHAUSTED:
            _give_up(ctx, scan_id, phase)
    except NotFound:
        return Claim.STALE
    return verdict


def _give_up(ctx: Context, scan_id: str, phase: Phase) -> None:
    last = store.fields(ctx.redis, scan_id).get("last_error", "its worker was killed each time, perhaps for memory")
    message = (
        f"A task of the phase “{phase}” was tried {store.MAX_ATTEMPTS} times without success. The last time: {last}."
        " The workers' logs tell more; scan again when the cause is mended."
    )
    scans.end(ctx, scan_id, State.FAILED, "unit_failed", message)


def _complete(ctx: Context, scan_id: str, phase: Phase, unit: int, found: Found) -> None:
    step = store.complete(ctx.redis, scan_id, phase, unit, found, time.time())
    _log.info("unit_done" if step.counted or step.send else "unit_repeated")
    if step.counted:
        metrics.found(phase, found)
    if step.send is not None:
        scans.send(ctx, scan_id, step.send)
    if step.ended:
        scans.tidy(ctx, scan_id)


@contextmanager
def _held(ctx: Context, scan_id: str, phase: Phase, unit: int) -> Iterator[None]:
    """Renew the lease three times a lease until the block ends."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(ctx.settings.lease_s / 3):
            try:
                store.renew(ctx.redis, scan_id, phase, unit, time.time() + ctx.settings.lease_s)
            except RedisError:  # down for a moment: the next turn tries again
                _log.warning("lease_not_renewed", exc_info=True)

    keeper = threading.Thread(target=renew, name=f"lease-{scan_id}-{phase}-{unit}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
