"""Units against a real Redis: whatever a stage does, the scan goes on or says why not."""

import errno
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.context import Context
from shared.domain.errors import ScanFailed
from shared.domain.scan import Folder, Phase, Preset, ScanRequest, State
from shared.names import PHASE_TASKS
from shared.services import scans as service
from shared.store import scans as store
from shared.store.scans import Found, Scan
from workers import shepherd, units

WANTED = ScanRequest(folders=(Folder("0" * 32),), preset=Preset.NEAR)
CHUNKS = 3


@pytest.fixture
def scan(ctx: Context) -> str:
    store.create(ctx.redis, "s1", WANTED, time.time())
    units.run(ctx, "s1", Phase.PLAN, 0, returning(Found(set={f"total:{Phase.EXTRACT}": CHUNKS, "images": 9})))
    return "s1"


def returning(found: Found) -> units.Stage:
    return lambda ctx, scan, unit: found


def raising(error: Exception) -> units.Stage:
    def stage(ctx: Context, scan: Scan, unit: int) -> Found:
        raise error

    return stage


def waiting(ctx: Context, phase: Phase) -> int:
    """Messages that wait in the queue of a phase."""
    return int(ctx.redis.llen(f"lookalike:v1:celery:{PHASE_TASKS[phase][1]}"))


def test_the_unit_that_ends_a_phase_sends_the_next(ctx: Context, scan: str) -> None:
    assert waiting(ctx, Phase.EXTRACT) == CHUNKS


def test_an_error_of_our_own_ends_the_scan_with_its_message(ctx: Context, scan: str) -> None:
    units.run(ctx, scan, Phase.EXTRACT, 0, raising(ScanFailed("The disk is full. Make room.", code="disk_full")))
    progress = service.progress(ctx, scan)
    assert (progress.state, progress.error_code) == (State.FAILED, "disk_full")
    assert progress.error_message == "The disk is full. Make room."


def test_a_full_disk_ends_the_scan_at_once_and_says_which(ctx: Context, scan: str) -> None:
    units.run(ctx, scan, Phase.EXTRACT, 0, raising(OSError(errno.ENOSPC, "No space left on device", "/data/x")))
    progress = service.progress(ctx, scan)
    assert (progress.state, progress.error_code) == (State.FAILED, "disk_full")
    assert "/data/x" in str(progress.error_message)


def test_another_error_of_the_system_is_tried_again(ctx: Context, scan: str) -> None:
    with pytest.raises(OSError, match="Input/output"):
        units.run(ctx, scan, Phase.EXTRACT, 0, raising(OSError(errno.EIO, "Input/output error")))
    assert service.progress(ctx, scan).state is State.RUNNING
    assert store.take_expired(ctx.redis, scan, time.time() + 0.01) == [(Phase.EXTRACT, 0)]


def test_an_unexpected_error_is_raised_and_the_unit_tried_again(ctx: Context, scan: str) -> None:
    with pytest.raises(ZeroDivisionError):
        units.run(ctx, scan, Phase.EXTRACT, 0, raising(ZeroDivisionError("by zero")))
    before = waiting(ctx, Phase.EXTRACT)
    shepherd.tend(ctx, time.time() + 0.01)
    assert waiting(ctx, Phase.EXTRACT) == before + 1
    units.run(ctx, scan, Phase.EXTRACT, 0, returning(Found(add={"images_done": 3})))
    assert service.progress(ctx, scan).images_done == 3


def test_a_unit_that_never_succeeds_fails_the_scan_and_says_what_happened_last(ctx: Context, scan: str) -> None:
    for _ in range(store.MAX_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            units.run(ctx, scan, Phase.EXTRACT, 1, raising(ZeroDivisionError("by zero")))
    units.run(ctx, scan, Phase.EXTRACT, 1, returning(Found()))
    progress = service.progress(ctx, scan)
    assert progress.state is State.FAILED
    assert "ZeroDivisionError: by zero" in str(progress.error_message)


def test_a_long_unit_keeps_its_lease(ctx: Context, scan: str) -> None:
    short = replace(ctx, settings=replace(ctx.settings, lease_s=0.3))
    lost: list[object] = []

    def slow(inner: Context, scan: Scan, unit: int) -> Found:
        for _ in range(4):
            time.sleep(0.25)
            lost.extend(store.take_expired(inner.redis, scan.id, time.time()))
        return Found()

    units.run(short, scan, Phase.EXTRACT, 2, slow)
    assert lost == []


def test_the_shepherd_sends_what_redis_has_lost_and_only_then(ctx: Context, scan: str) -> None:
    now = time.time()
    shepherd.tend(ctx, now + 1000)
    assert waiting(ctx, Phase.EXTRACT) == CHUNKS, "they wait in the queue: nothing is lost"
    ctx.redis.delete(f"lookalike:v1:celery:{PHASE_TASKS[Phase.EXTRACT][1]}")
    shepherd.tend(ctx, now + 1)
    assert waiting(ctx, Phase.EXTRACT) == 0, "too early to tell"
    shepherd.tend(ctx, now + 1000)
    assert waiting(ctx, Phase.EXTRACT) == CHUNKS
    shepherd.tend(ctx, now + 1001)
    assert waiting(ctx, Phase.EXTRACT) == CHUNKS


@pytest.mark.parametrize("end", [State.CANCELLED, State.FAILED])
def test_units_of_a_scan_that_has_ended_are_not_run(ctx: Context, scan: str, end: State) -> None:
    service.end(ctx, scan, end, "code", "message")
    ran: list[int] = []

    def note(ctx: Context, scan: Scan, unit: int) -> Found:
        ran.append(unit)
        return Found()

    run: Callable[..., None] = units.run
    run(ctx, scan, Phase.EXTRACT, 0, note)
    run(ctx, "unknown", Phase.EXTRACT, 0, note)
    assert ran == []
