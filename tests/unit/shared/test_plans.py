"""A plan is staged whole, moves nothing until it is applied, can be stopped, and is taken back as one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.context import Context
from shared.domain.errors import Conflict, InvalidRequest, NotFound
from shared.domain.keep_rules import DEFAULT, Criterion, Rules, Step
from shared.domain.model import Image, Library
from shared.domain.plan import PlanShow, PlanState
from shared.domain.review import Between, GroupFilter, Verdict
from shared.domain.scan import Folder
from shared.services import plans, trash, verdicts
from shared.store import plans as store
from tests import deletions
from tests.deletions import scanned, seen
from tests.dying import die_at
from workers.stages import plans as stage
from workers.stages.trash import recover

BY_PATH = Rules((Step(Criterion.SHORT_PATH),))
COPIES = 5


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "ITEMS", 2)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def library(ctx: Context, root: Path) -> Library:
    """Five pictures in ``a`` and the same ones in ``longer``."""
    files = {f"{folder}/{n}.jpg": b"picture %d" % n for folder in ("a", "longer") for n in range(COPIES)}
    return deletions.library(ctx, root, files)


@pytest.fixture
def images(library: Library) -> list[list[Image]]:
    return [[seen(library, b"%s/%d.jpg" % (folder, n)) for folder in (b"a", b"longer")] for n in range(COPIES)]


@pytest.fixture
def scan(ctx: Context, images: list[list[Image]]) -> str:
    return scanned(ctx, images)


def staged(ctx: Context, scan: str, rules: Rules = BY_PATH, wanted: GroupFilter | None = None) -> str:
    return plans.stage(ctx, scan, wanted or GroupFilter(), rules)


def run(ctx: Context, plan: str) -> PlanState:
    stage.run_plan(ctx, plan)
    return plans.get(ctx, plan).state


def files(root: Path) -> list[str]:
    return sorted(str(file.relative_to(root)) for file in root.glob("[!.]*/*.jpg"))


def stop_after(ctx: Context, monkeypatch: pytest.MonkeyPatch, plan: str, count: int) -> None:
    """Have a person stop a plan when so many of its files were moved."""
    record = store.record

    def recording(*arguments: object) -> None:
        record(*arguments)  # type: ignore[arg-type]
        if store.progress(ctx.redis, plan).done == count:
            monkeypatch.setattr(store, "record", record)
            plans.stop(ctx, plan)

    monkeypatch.setattr(store, "record", recording)


def test_nothing_moves_until_a_plan_is_applied_and_one_undo_takes_it_back(ctx: Context, scan: str, root: Path) -> None:
    before = files(root)
    plan = staged(ctx, scan)
    totals = plans.get(ctx, plan).header.totals
    assert (totals.groups, totals.keeps, totals.moves, totals.left) == (5, 5, 5, 0)
    assert totals.freed == 5 * len(b"picture 0")
    stage.run_plan(ctx, plan)
    assert files(root) == before
    plans.apply(ctx, plan)
    assert run(ctx, plan) is PlanState.DONE
    assert files(root) == [f"a/{n}.jpg" for n in range(COPIES)]
    progress = plans.get(ctx, plan).progress
    assert (progress.done, progress.freed, progress.refused, progress.restored) == (5, totals.freed, 0, 0)
    assert len({entry.batch for entry in trash.listed(ctx)}) == 3
    plans.undo(ctx, plan)
    assert run(ctx, plan) is PlanState.UNDONE
    assert files(root) == before
    assert plans.get(ctx, plan).progress.restored == 5
    with pytest.raises(Conflict):
        plans.undo(ctx, plan)
    with pytest.raises(Conflict):
        plans.apply(ctx, plan)


def test_groups_are_shown_page_by_page_with_reasons(ctx: Context, scan: str) -> None:
    plan = staged(ctx, scan)
    first, after = plans.groups(ctx, plan, PlanShow.MOVES, limit=3)
    assert after is not None
    rest, end = plans.groups(ctx, plan, PlanShow.MOVES, after, limit=3)
    assert [one.group.id for one in first + rest] == [1, 2, 3, 4, 5]
    assert end is None
    reasons = [first[0].fates[m.image.id] for m in sorted(first[0].group.members, key=lambda m: m.image.path)]
    assert reasons == [("keep", "shortest path"), ("move", "longer path")]
    assert plans.groups(ctx, plan, PlanShow.LEFT) == ([], None)


def test_ties_are_left_and_an_empty_plan_is_not_applied(ctx: Context, scan: str) -> None:
    plan = staged(ctx, scan, Rules((Step(Criterion.BYTES),)))
    totals = plans.get(ctx, plan).header.totals
    assert (totals.moves, totals.left) == (0, 5)
    assert len(plans.groups(ctx, plan, PlanShow.LEFT)[0]) == 5
    with pytest.raises(Conflict) as refusal:
        plans.apply(ctx, plan)
    assert refusal.value.code == "empty_plan"


def test_a_plan_stops_when_asked_and_goes_on(
    ctx: Context, scan: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = staged(ctx, scan)
    plans.apply(ctx, plan)
    stop_after(ctx, monkeypatch, plan, 2)
    assert run(ctx, plan) is PlanState.STOPPED
    assert len(files(root)) == 8
    assert plans.get(ctx, plan).progress.done == 2
    recover(ctx)  # a worker that starts anew leaves it alone
    assert run(ctx, plan) is PlanState.STOPPED
    assert len(files(root)) == 8
    plans.apply(ctx, plan)
    assert run(ctx, plan) is PlanState.DONE
    assert len(files(root)) == 5
    assert plans.get(ctx, plan).progress.done == 5


def test_what_was_stopped_can_be_undone(ctx: Context, scan: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = staged(ctx, scan)
    plans.apply(ctx, plan)
    stop_after(ctx, monkeypatch, plan, 3)
    run(ctx, plan)
    plans.undo(ctx, plan)
    assert run(ctx, plan) is PlanState.UNDONE
    assert len(files(root)) == 10


def test_a_plan_that_has_grown_old_is_refused_file_by_file(ctx: Context, scan: str, root: Path) -> None:
    plan = staged(ctx, scan)
    (root / "longer/1.jpg").write_bytes(b"edited since")
    (root / "a/2.jpg").unlink()
    plans.apply(ctx, plan)
    assert run(ctx, plan) is PlanState.DONE
    progress = plans.get(ctx, plan).progress
    assert (progress.done, progress.refused) == (3, 2)
    assert {one.code for one in plans.refused(ctx, plan)} == {"changed", "survivor_missing"}
    assert files(root) == ["a/0.jpg", "a/1.jpg", "a/3.jpg", "a/4.jpg", "longer/1.jpg", "longer/2.jpg"]


def test_what_could_not_be_brought_back_is_tried_again_at_the_next_undo(ctx: Context, scan: str, root: Path) -> None:
    plan = staged(ctx, scan)
    plans.apply(ctx, plan)
    run(ctx, plan)
    (root / "longer/3.jpg").write_bytes(b"another one now")
    plans.undo(ctx, plan)
    run(ctx, plan)
    assert plans.get(ctx, plan).progress.restored == 4
    (root / "longer/3.jpg").unlink()
    plans.undo(ctx, plan)
    assert run(ctx, plan) is PlanState.UNDONE
    assert len(files(root)) == 10


def test_a_plan_is_applied_once_and_one_that_is_not_can_be_dropped(ctx: Context, scan: str) -> None:
    plan, other = staged(ctx, scan), staged(ctx, scan)
    plans.apply(ctx, plan)
    for call in (plans.apply, plans.undo, plans.discard):
        with pytest.raises(Conflict):
            call(ctx, plan)
    with pytest.raises(Conflict):
        plans.stop(ctx, other)
    plans.discard(ctx, other)
    assert [found.id for found in plans.listed(ctx, scan)] == [plan]
    for call in (plans.get, plans.apply, plans.stop, plans.undo, plans.discard):
        for unknown in (other, "0" * 32, "../plan"):
            with pytest.raises(NotFound):
                call(ctx, unknown)


def test_staged_plans_do_not_pile_up(ctx: Context, scan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MOST_STAGED", 2)
    made = [staged(ctx, scan) for _ in range(4)]
    assert [ctx.layout.plan(plan).exists() for plan in made] == [False, False, True, True]
    with pytest.raises(NotFound):
        plans.get(ctx, made[0])


def test_what_was_decided_before_is_not_proposed(ctx: Context, scan: str, images: list[list[Image]]) -> None:
    deletions.done(ctx, trash.delete(ctx, scan, [images[0][1].id]))
    verdicts.decide(ctx, scan, [(images[1][0].id, images[1][1].id)], Verdict.DUPLICATES)
    assert plans.get(ctx, staged(ctx, scan)).header.totals.moves == 3


def test_one_decision_for_all_between_two_folders(ctx: Context, library: Library, root: Path) -> None:
    for name in ("a/x.jpg", "longer/sub/x.jpg", "a/y.jpg", "longer/y.jpg", "longer/y again.jpg"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(name.split("/")[-1][:1].encode())
    x = [seen(library, b"a/x.jpg"), seen(library, b"longer/sub/x.jpg")]
    y = [seen(library, name) for name in (b"longer/y.jpg", b"longer/y again.jpg", b"a/y.jpg")]
    scan = scanned(ctx, [x, y])
    between = Between(Folder(library.id, b"a"), Folder(library.id, b"longer"))
    totals = plans.get(ctx, staged(ctx, scan, Rules(), GroupFilter(between=between))).header.totals
    assert (totals.groups, totals.moves, totals.left) == (1, 2, 0)


def test_rules_that_make_no_sense_are_refused_and_plans_of_unknown_scans(ctx: Context, scan: str) -> None:
    with pytest.raises(InvalidRequest):
        staged(ctx, scan, Rules((Step(Criterion.FOLDERS),)))
    with pytest.raises(NotFound):
        staged(ctx, "0" * 16)
    assert plans.get(ctx, staged(ctx, scan, DEFAULT)).header.rules == DEFAULT


def test_an_empty_redis_does_not_keep_a_plan_from_being_undone(ctx: Context, scan: str, root: Path) -> None:
    plan = staged(ctx, scan)
    plans.apply(ctx, plan)
    run(ctx, plan)
    ctx.redis.flushall()
    recover(ctx)
    assert plans.get(ctx, plan).state is PlanState.STOPPED
    plans.undo(ctx, plan)
    assert run(ctx, plan) is PlanState.UNDONE
    assert len(files(root)) == 10


def test_a_worker_may_be_killed_anywhere(ctx: Context, scan: str, root: Path) -> None:
    chance, killed = random.Random(5), 0

    def until(work: Callable[[], object], wanted: PlanState, plan: str) -> int:
        cut = 0
        for _ in range(8):
            cut += die_at(chance.randint(1, 600), work)
        recover(ctx)
        assert run(ctx, plan) is wanted
        return cut

    for _ in range(4):
        plan = staged(ctx, scan)
        plans.apply(ctx, plan)
        killed += until(lambda: stage.run_plan(ctx, plan), PlanState.DONE, plan)  # noqa: B023  # called at once
        assert files(root) == [f"a/{n}.jpg" for n in range(COPIES)]
        assert plans.get(ctx, plan).progress.done == 5
        plans.undo(ctx, plan)
        killed += until(lambda: stage.run_plan(ctx, plan), PlanState.UNDONE, plan)  # noqa: B023  # called at once
        assert len(files(root)) == 10
        assert plans.get(ctx, plan).progress.restored == 5
    assert killed > 20
