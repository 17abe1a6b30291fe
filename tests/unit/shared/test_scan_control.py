"""Pausing, resuming, repeating and deleting scans in a real Redis: nothing is lost, done twice, or left behind."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from shared.context import Context
from shared.domain.errors import Conflict, NotFound
from shared.domain.scan import Folder, Phase, Preset, ScanRequest, State
from shared.names import EXTRACT_QUEUE
from shared.services import scan_control, scans
from shared.store import scan_control as control
from shared.store import scans as store
from shared.store.scans import Claim, Found, Step
from tests.gallery import SCAN, SEARCH, Gallery, make

WANTED = ScanRequest(folders=(Folder("0" * 32),), preset=Preset.NEAR)
CHUNKS = store.WINDOW + 20


@pytest.fixture
def shown(ctx: Context, tmp_path: Path) -> Gallery:
    return make(ctx, tmp_path / "pictures")


@pytest.fixture
def extracting(ctx: Context) -> str:
    """A scan whose chunks have been sent, of which none is done."""
    now = time.time()
    store.create(ctx.redis, "5c", WANTED, now)
    store.claim(ctx.redis, "5c", Phase.PLAN, 0, now, 10.0)
    store.complete(ctx.redis, "5c", Phase.PLAN, 0, Found(set={f"total:{Phase.EXTRACT}": CHUNKS}), now)
    return "5c"


def work(ctx: Context, unit: int) -> Step:
    assert store.claim(ctx.redis, "5c", Phase.EXTRACT, unit, time.time(), 10.0) is Claim.GO
    return store.complete(ctx.redis, "5c", Phase.EXTRACT, unit, Found(), time.time())


def sent(ctx: Context) -> list[int]:
    """Units that were sent since, by what waits in the queue; it is emptied."""
    queue = f"lookalike:v1:celery:{EXTRACT_QUEUE}"
    messages = [json.loads(text) for text in ctx.redis.lrange(queue, 0, -1)]  # type: ignore[union-attr]
    ctx.redis.delete(queue)
    return sorted(json.loads(message["headers"]["argsrepr"].replace("'", '"').replace("(", "[").replace(")", "]"))[1]
                  for message in messages)  # fmt: skip


def test_a_paused_scan_begins_nothing_and_counts_what_was_under_way(ctx: Context, extracting: str) -> None:
    store.claim(ctx.redis, extracting, Phase.EXTRACT, 0, time.time(), 10.0)
    assert scan_control.pause(ctx, extracting).state is State.PAUSED
    assert store.claim(ctx.redis, extracting, Phase.EXTRACT, 1, time.time(), 10.0) is Claim.STALE
    step = store.complete(ctx.redis, extracting, Phase.EXTRACT, 0, Found(add={"images_done": 7}), time.time())
    assert (step.counted, step.send) == (True, None)
    progress = scans.progress(ctx, extracting)
    assert (progress.state, progress.images_done, progress.rate) == (State.PAUSED, 7, None)
    assert "Paused" in str(progress.note)
    assert extracting not in store.running(ctx.redis), "the shepherd sends nothing of it"


def test_what_waited_is_sent_again_on_resuming_and_nothing_that_is_done(ctx: Context, extracting: str) -> None:
    for unit in range(30):
        work(ctx, unit)
    held = 40
    store.claim(ctx.redis, extracting, Phase.EXTRACT, held, time.time(), 10.0)
    scan_control.pause(ctx, extracting)
    sent(ctx)
    assert scan_control.resume(ctx, extracting).state is State.RUNNING
    assert sent(ctx) == [unit for unit in range(30, CHUNKS) if unit != held]


def test_a_phase_that_ends_while_paused_is_followed_by_the_next_on_resuming(ctx: Context, extracting: str) -> None:
    for unit in range(CHUNKS - 1):
        work(ctx, unit)
    store.claim(ctx.redis, extracting, Phase.EXTRACT, CHUNKS - 1, time.time(), 10.0)
    scan_control.pause(ctx, extracting)
    step = store.complete(ctx.redis, extracting, Phase.EXTRACT, CHUNKS - 1, Found(), time.time())
    assert (step.counted, step.send) == (True, None)
    assert scan_control.resume(ctx, extracting).phase is Phase.INDEX
    assert store.claim(ctx.redis, extracting, Phase.INDEX, 0, time.time(), 10.0) is Claim.GO


def test_however_often_it_is_paused_every_unit_is_done_once(ctx: Context, extracting: str) -> None:
    chance, waiting, done = random.Random(3), set(range(store.WINDOW)), set()
    while len(done) < CHUNKS:
        unit = chance.choice(sorted(waiting))
        waiting.discard(unit)
        step = work(ctx, unit)
        done.add(unit)
        if step.send and step.send.phase is Phase.EXTRACT:
            waiting |= set(step.send.units)
        if chance.random() < 0.2:
            scan_control.pause(ctx, extracting)
            for lost in sorted(waiting):  # its message is taken from the queue and dropped
                assert store.claim(ctx.redis, extracting, Phase.EXTRACT, lost, time.time(), 10.0) is Claim.STALE
            sent(ctx)
            scan_control.resume(ctx, extracting)
            waiting = set(sent(ctx))
            assert not waiting & done
    assert scans.progress(ctx, extracting).phase is Phase.INDEX


def test_a_pause_is_left_out_of_the_pace(ctx: Context, extracting: str) -> None:
    begun = float(store.fields(ctx.redis, extracting)["phase_started"])
    control.pause(ctx.redis, extracting, begun + 10)
    assert control.resume(ctx.redis, extracting, begun + 1000)
    assert float(store.fields(ctx.redis, extracting)["phase_started"]) == pytest.approx(begun + 990)


def test_a_scan_that_was_waiting_waits_again(ctx: Context) -> None:
    store.create(ctx.redis, "5c", WANTED, time.time())
    scan_control.pause(ctx, "5c")
    assert scan_control.resume(ctx, "5c").state is State.QUEUED


def test_a_paused_scan_can_be_cancelled_and_one_that_ended_cannot_be_paused(ctx: Context, extracting: str) -> None:
    scan_control.pause(ctx, extracting)
    assert scans.cancel(ctx, extracting).state is State.CANCELLED
    assert scan_control.pause(ctx, extracting).state is State.CANCELLED
    assert scan_control.resume(ctx, extracting).state is State.CANCELLED


def test_deleting_a_scan_leaves_nothing_of_it(ctx: Context, shown: Gallery) -> None:
    ctx.redis.set("lookalike:v1:scan:5ca9000000000001:done:extract", b"\1")
    scan_control.delete(ctx, SCAN)
    assert not ctx.layout.scan(SCAN).exists()
    assert list(ctx.redis.scan_iter(match=f"*{SCAN}*")) == []
    assert [scan.id for scan in scans.listed(ctx)] == [SEARCH]
    with pytest.raises(NotFound):
        scan_control.delete(ctx, SCAN)


def test_a_scan_that_runs_or_is_in_a_workers_hands_is_not_deleted(ctx: Context, extracting: str) -> None:
    store.claim(ctx.redis, extracting, Phase.EXTRACT, 0, time.time(), 10.0)
    for step in (lambda: None, lambda: scans.cancel(ctx, extracting)):
        step()
        with pytest.raises(Conflict) as refused:
            scan_control.delete(ctx, extracting)
        assert refused.value.code == "not_ended"
    store.complete(ctx.redis, extracting, Phase.EXTRACT, 0, Found(), time.time())
    scan_control.delete(ctx, extracting)


def test_a_scan_is_repeated_as_it_was_and_a_search_is_not(ctx: Context, shown: Gallery) -> None:
    once_more = scan_control.again(ctx, SCAN)
    assert once_more != SCAN
    assert store.get(ctx.redis, once_more).request == store.get(ctx.redis, SCAN).request
    with pytest.raises(Conflict) as refused:
        scan_control.again(ctx, SEARCH)
    assert refused.value.code == "upload_gone"


def test_the_list_goes_on_where_a_page_ended(ctx: Context) -> None:
    for n in range(7):
        store.create(ctx.redis, f"s{n}", WANTED, 1000.0 + n)
    assert store.latest(ctx.redis, 3) == ["s6", "s5", "s4"]
    assert store.latest(ctx.redis, 3, before=1004.0) == ["s3", "s2", "s1"]
