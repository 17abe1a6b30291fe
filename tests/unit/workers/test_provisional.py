"""Groups while a scan still compares: to be looked at, never to be acted on, and gone when it has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.context import Context
from shared.domain.errors import Conflict
from shared.domain.review import Sort
from shared.domain.scan import Phase, Preset, State
from shared.services import review, scans, trash
from shared.settings import Settings
from shared.store import scans as store
from tests.unit.workers import contents
from tests.unit.workers.run import STAGES
from workers import units
from workers.stages import comparing


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, block_size=50)


@pytest.fixture
def scan(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> str:
    """A scan of which four of six pairs of blocks have been compared."""
    monkeypatch.setattr(comparing, "FIRST_S", -1.0)
    monkeypatch.setattr(comparing, "EVERY_S", 0.001)
    made = contents.families(150)
    contents.store_features(ctx, made)
    contents.planned(ctx, "scan", made.digests, preset=Preset.DEEP)
    contents.run(ctx, "scan", until=Phase.COMPARE)
    for unit in range(4):
        ctx.redis.delete(store.keys.provisional("scan"))
        units.run(ctx, "scan", Phase.COMPARE, unit, STAGES[Phase.COMPARE])
    return "scan"


def shown(ctx: Context, limit: int = 100) -> review.GroupPage:
    return review.provisional(ctx, "scan", Sort.FREED, "", limit)[0]


def test_groups_are_shown_while_a_scan_runs_and_become_the_result(ctx: Context, scan: str) -> None:
    early = {frozenset(m.image.id for m in group.members) for group in shown(ctx).groups}
    first = shown(ctx, 1)
    assert (len(first.groups), first.more, first.total) == (1, True, len(early))
    assert review.image(ctx, scan, first.groups[0].keeper.id) == first.groups[0].keeper
    assert contents.run(ctx, scan)["state"] == State.DONE
    late = [{m.image.id for m in group.members} for group in review.groups(ctx, scan, limit=1000).groups]
    assert len(early) < len(late)
    with pytest.raises(Conflict, match="ended"):
        shown(ctx)
    assert not ctx.layout.provisional(scan).exists()


def test_nothing_is_deleted_because_of_them(ctx: Context, scan: str) -> None:
    group = shown(ctx).groups[0]
    with pytest.raises(Conflict) as refused:
        trash.delete(ctx, scan, [group.members[-1].image.id])
    assert refused.value.code == "no_result"
    with pytest.raises(Conflict):
        review.groups(ctx, scan)


def test_a_scan_that_is_cancelled_shows_none(ctx: Context, scan: str) -> None:
    scans.cancel(ctx, scan)
    with pytest.raises(Conflict):
        shown(ctx)


def test_they_are_formed_anew_only_from_time_to_time(ctx: Context, scan: str) -> None:
    before = review.provisional(ctx, scan, Sort.FREED, "", 1)[1]
    store.wait_turn(ctx.redis, scan, 60)
    units.run(ctx, scan, Phase.COMPARE, 4, STAGES[Phase.COMPARE])
    assert review.provisional(ctx, scan, Sort.FREED, "", 1)[1] == before
