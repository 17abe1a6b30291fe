"""The state of a scan in a real Redis: every unit is counted once, whatever happens to it."""

import random

import pytest

from shared.context import Context
from shared.domain.errors import NotFound
from shared.domain.scan import Folder, Phase, Preset, ScanRequest, State
from shared.store import scans as store
from shared.store.scans import Claim, Found, Send

WANTED = ScanRequest(folders=(Folder("0" * 32),), preset=Preset.NEAR)


@pytest.fixture
def scan(ctx: Context) -> str:
    assert store.create(ctx.redis, "s1", WANTED, 100.0) == Send(Phase.PLAN, range(1))
    return "s1"


def begin(ctx: Context, phase: Phase, unit: int, now: float = 101.0) -> Claim:
    return store.claim(ctx.redis, "s1", phase, unit, now, lease_s=10.0)


def finish(ctx: Context, phase: Phase, unit: int, found: Found | None = None) -> store.Step:
    return store.complete(ctx.redis, "s1", phase, unit, found or Found(), 102.0)


def planned(ctx: Context, chunks: int) -> None:
    begin(ctx, Phase.PLAN, 0)
    finish(ctx, Phase.PLAN, 0, Found(set={f"total:{Phase.EXTRACT}": chunks, "images": chunks}))


def test_a_scan_that_embeds_prepares_first(ctx: Context) -> None:
    wanted = ScanRequest(folders=(Folder("0" * 32),), preset=Preset.DEEP)
    assert store.create(ctx.redis, "deep", wanted, 1.0).phase is Phase.PREPARE


def test_a_unit_is_held_by_one_worker_until_its_lease_ends(ctx: Context, scan: str) -> None:
    assert begin(ctx, Phase.PLAN, 0, now=101.0) is Claim.GO
    assert begin(ctx, Phase.PLAN, 0, now=102.0) is Claim.BUSY
    assert begin(ctx, Phase.PLAN, 0, now=111.5) is Claim.GO


def test_a_renewed_lease_keeps_others_away(ctx: Context, scan: str) -> None:
    begin(ctx, Phase.PLAN, 0, now=101.0)
    assert store.renew(ctx.redis, scan, Phase.PLAN, 0, until=130.0)
    assert begin(ctx, Phase.PLAN, 0, now=120.0) is Claim.BUSY


def test_a_redelivered_unit_is_counted_once(ctx: Context, scan: str) -> None:
    planned(ctx, 3)
    for _ in range(2):
        begin(ctx, Phase.EXTRACT, 1, now=200.0)
        step = finish(ctx, Phase.EXTRACT, 1, Found(add={"images_done": 5}))
    assert not step.counted
    assert store.fields(ctx.redis, scan)["images_done"] == "5"
    assert begin(ctx, Phase.EXTRACT, 1, now=300.0) is Claim.DONE


def test_phases_follow_each_other_and_empty_ones_are_skipped(ctx: Context, scan: str) -> None:
    planned(ctx, 0)
    assert store.fields(ctx.redis, scan)["phase"] == Phase.INDEX
    begin(ctx, Phase.INDEX, 0)
    step = finish(ctx, Phase.INDEX, 0, Found(set={f"total:{Phase.COMPARE}": 0}))
    assert step.send == Send(Phase.SHORTLIST, range(1))
    begin(ctx, Phase.SHORTLIST, 0)
    assert finish(ctx, Phase.SHORTLIST, 0).send == Send(Phase.GROUP, range(1))
    begin(ctx, Phase.GROUP, 0)
    assert finish(ctx, Phase.GROUP, 0).ended
    assert store.fields(ctx.redis, scan)["state"] == State.DONE


def test_units_are_sent_in_a_window_each_once(ctx: Context, scan: str) -> None:
    chunks = store.WINDOW * 2 + 7
    begin(ctx, Phase.PLAN, 0)
    step = finish(ctx, Phase.PLAN, 0, Found(set={f"total:{Phase.EXTRACT}": chunks}))
    assert step.send == Send(Phase.EXTRACT, range(store.WINDOW))
    waiting, sent = list(step.send.units), list(step.send.units)
    order = random.Random(1)
    while waiting:
        unit = waiting.pop(order.randrange(len(waiting)))
        assert begin(ctx, Phase.EXTRACT, unit) is Claim.GO
        step = finish(ctx, Phase.EXTRACT, unit)
        if step.send is not None and step.send.phase is Phase.EXTRACT:
            waiting += step.send.units
            sent += step.send.units
    assert sorted(sent) == list(range(chunks))
    assert store.fields(ctx.redis, scan)["phase"] == Phase.INDEX


def test_a_lost_unit_is_found_by_one_shepherd_only(ctx: Context, scan: str) -> None:
    planned(ctx, 2)
    begin(ctx, Phase.EXTRACT, 0, now=110.0)
    assert store.take_expired(ctx.redis, scan, 119.0) == []
    assert store.take_expired(ctx.redis, scan, 121.0) == [(Phase.EXTRACT, 0)]
    assert store.take_expired(ctx.redis, scan, 121.0) == []


def test_units_that_were_sent_and_never_begun_are_known(ctx: Context, scan: str) -> None:
    planned(ctx, 12)
    begin(ctx, Phase.EXTRACT, 3)
    begin(ctx, Phase.EXTRACT, 9)
    finish(ctx, Phase.EXTRACT, 9)
    assert store.unheard(ctx.redis, scan) == (Phase.EXTRACT, [0, 1, 2, 4, 5, 6, 7, 8, 10, 11])


def test_a_unit_that_kills_its_worker_each_time_is_given_up(ctx: Context, scan: str) -> None:
    verdicts = [begin(ctx, Phase.PLAN, 0, now=100.0 + 20 * turn) for turn in range(store.MAX_ATTEMPTS + 1)]
    assert verdicts == [Claim.GO] * store.MAX_ATTEMPTS + [Claim.EXHAUSTED]


def test_a_scan_that_has_ended_takes_nothing_more(ctx: Context, scan: str) -> None:
    begin(ctx, Phase.PLAN, 0)
    assert store.end(ctx.redis, scan, State.CANCELLED, 103.0)
    assert not store.end(ctx.redis, scan, State.FAILED, 104.0, "late", "too late")
    assert not finish(ctx, Phase.PLAN, 0, Found(set={"images": 4})).counted
    assert begin(ctx, Phase.PLAN, 0) is Claim.STALE
    fields = store.fields(ctx.redis, scan)
    assert fields["state"] == State.CANCELLED
    assert "images" not in fields
    assert store.running(ctx.redis) == []


def test_an_unknown_scan_is_not_found(ctx: Context) -> None:
    with pytest.raises(NotFound):
        store.get(ctx.redis, "nothing")
