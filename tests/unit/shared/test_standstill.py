"""A scan that stands still says why; one that goes on says nothing."""

import time

import pytest

from shared.context import Context
from shared.domain.scan import Phase, Preset, ScanRequest, State
from shared.services import scans, standstill
from shared.store import keys, presence
from shared.store import scans as store
from shared.store.scans import Found

WANTED = ScanRequest(folders=(), preset=Preset.NEAR)


@pytest.fixture
def scan(ctx: Context) -> str:
    """A scan that is reading images."""
    now = time.time()
    store.create(ctx.redis, "s1", WANTED, now)
    store.claim(ctx.redis, "s1", Phase.PLAN, 0, now, 10)
    store.complete(ctx.redis, "s1", Phase.PLAN, 0, Found(set={f"total:{Phase.EXTRACT}": 3}), now)
    return "s1"


def cause(ctx: Context, scan_id: str, after_s: float, served: bool = True) -> str | None:
    now = time.time() + after_s
    if served:
        presence.serve(ctx.redis, ["extract"], now - 1)
    return standstill.cause(ctx, scan_id, store.fields(ctx.redis, scan_id), now)


def test_a_scan_that_goes_on_says_nothing(ctx: Context, scan: str) -> None:
    assert cause(ctx, scan, 1, served=False) is None
    assert cause(ctx, scan, 50) is None


def test_a_queue_that_nobody_serves_is_named(ctx: Context, scan: str) -> None:
    assert "No extract worker has been heard of yet" in str(cause(ctx, scan, 15, served=False))
    presence.serve(ctx.redis, ["extract"], time.time())
    assert "No extract worker has been heard of for 1 min 5 s" in str(cause(ctx, scan, 65, served=False))


def test_a_task_that_keeps_failing_is_told_with_its_error(ctx: Context, scan: str) -> None:
    store.claim(ctx.redis, scan, Phase.EXTRACT, 0, time.time(), 10)
    store.give_back(ctx.redis, scan, Phase.EXTRACT, 0, time.time(), "ZeroDivisionError: by zero")
    assert "ZeroDivisionError: by zero" in str(cause(ctx, scan, 61))


def test_a_task_in_living_hands_is_told(ctx: Context, scan: str) -> None:
    store.claim(ctx.redis, scan, Phase.EXTRACT, 0, time.time(), 1000)
    assert "1 task of this scan is in the hands of a living worker" in str(cause(ctx, scan, 61))


def test_a_scan_that_takes_its_turn_is_told_so(ctx: Context, scan: str) -> None:
    assert "sent again in a moment" in str(cause(ctx, scan, 61))
    store.create(ctx.redis, "s2", WANTED, time.time())
    assert "busy with other scans (1)" in str(cause(ctx, scan, 61))


def test_what_a_worker_says_itself_is_not_talked_over(ctx: Context, scan: str) -> None:
    store.note(ctx.redis, scan, "Downloading the network's weights: 3 MB.")
    assert cause(ctx, scan, 61) is None
    assert scans.progress(ctx, scan).note == "Downloading the network's weights: 3 MB."
    assert "No extract worker" in str(cause(ctx, scan, 200, served=False))


def test_progress_carries_the_cause_until_the_scan_has_ended(ctx: Context, scan: str) -> None:
    for field in ("progressed", "phase_started"):
        ctx.redis.hset(keys.scan(scan), field, time.time() - 100)
    assert "No extract worker" in str(scans.progress(ctx, scan).note)
    scans.end(ctx, scan, State.CANCELLED)
    assert scans.progress(ctx, scan).note is None


def test_a_scan_from_before_this_was_recorded_is_no_error(ctx: Context, scan: str) -> None:
    ctx.redis.hdel(keys.scan(scan), "progressed")
    assert cause(ctx, scan, 1) is None
