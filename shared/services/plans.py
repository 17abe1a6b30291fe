"""Plans: decide about many groups by rules, look at the whole of it, carry it out, take it back.

Invariant: a plan names what the result and the trash said when it was staged; the worker reads each file and the one
that stays again before it moves anything, so that a plan that has grown old is refused file by file, never wrong.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from shared.context import Context
from shared.domain.deletion import Action, Outcome, OutcomeState
from shared.domain.errors import Conflict, NotFound
from shared.domain.keep_rules import Criterion, Rules, Step
from shared.domain.model import Group, Image, Member
from shared.domain.plan import APPLICABLE, UNDOABLE, WORKING, Plan, PlanHeader, PlanShow, PlanState, PlanTotals
from shared.domain.proposing import Fate, Proposal, propose
from shared.domain.review import Between, GroupFilter
from shared.domain.scan import Folder
from shared.names import RUN_PLAN
from shared.services import access, libraries, review, trash
from shared.store import batches, journal, plan_file, plans, scans, verdicts
from shared.store.results import ResultReader

_ID = re.compile(r"[0-9a-f]{32}")
MOST_STAGED = 50
"""Of plans that were staged and never applied, so many of the latest are kept."""


def stage(
    ctx: Context, scan_id: str, wanted: GroupFilter, rules: Rules, action: Action = Action.TRASH,
    target: Folder | None = None,
) -> str:  # fmt: skip
    """Make a plan for all groups that are wanted; nothing is moved. Returns its id.

    Raises NotFound; Conflict while the scan has not ended well; InvalidRequest; Forbidden (read-only).
    """
    access.check_changes(ctx.settings)
    rules.check()
    trash.check_target(ctx, action, target)
    plan_id, now = uuid.uuid4().hex, time.time()
    header = PlanHeader(scan_id, now, wanted, rules, action, target, PlanTotals())
    with review.deciding(ctx, scan_id, wanted.show) as reader:
        plan_file.write(ctx.layout.plan(plan_id), header, _proposed(ctx, reader, header))
    plans.create(ctx.redis, plan_id, scan_id, now)
    _drop_old(ctx)
    return plan_id


def get(ctx: Context, plan_id: str) -> Plan:
    """What a plan is and how far it has come. Raises NotFound."""
    state = _state(ctx, plan_id)
    with _opened(ctx, plan_id) as reader:
        return Plan(plan_id, state, reader.header(), plans.progress(ctx.redis, plan_id))


def listed(ctx: Context, scan_id: str) -> list[Plan]:
    """The plans of a scan that were applied, the latest first. Raises NotFound."""
    scans.get(ctx.redis, scan_id)
    found = (get(ctx, plan_id) for plan_id in plans.listed(ctx.redis, scan_id))
    return [plan for plan in found if plan.state is not PlanState.STAGED]


@dataclass(frozen=True, slots=True)
class Planned:
    """A group of a plan, as it was when that was staged: its place in it, and what is proposed by image id."""

    place: int
    group: Group
    fates: dict[str, tuple[Fate, str]]


def groups(
    ctx: Context, plan_id: str, show: PlanShow, after: int = 0, limit: int = 20
) -> tuple[list[Planned], int | None]:
    """Groups of a plan that follow the place ``after``, and the place to go on from, None at the end.

    Raises NotFound; Conflict where the scan's result is gone.
    """
    with _opened(ctx, plan_id) as plan:
        found = plan.page(show, after, limit + 1)
        with review.deciding(ctx, plan.header().scan) as reader:
            shown = [_planned(reader, one) for one in found[:limit]]
    return shown, shown[-1].place if len(found) > limit else None


def _planned(reader: ResultReader, one: plan_file.PlannedGroup) -> Planned:
    members = tuple(Member(reader.image(i.image), i.signals) for i in one.images)
    group = Group(one.id, reader.image(one.keeper), members, one.kind, one.similarity, one.freed)
    return Planned(one.place, group, {i.image: (i.fate, i.reason) for i in one.images})


def apply(ctx: Context, plan_id: str) -> None:
    """Carry a plan out, or go on with one that was stopped. Raises NotFound; Conflict where that cannot be."""
    header = get(ctx, plan_id).header
    if not header.totals.moves:
        raise Conflict("Nothing would move by this plan.", code="empty_plan")
    _check_writable(ctx, plan_id)
    _go_on(ctx, plan_id, PlanState.RUNNING, APPLICABLE, "It is carried out already, or was.")


def stop(ctx: Context, plan_id: str) -> None:
    """Let the file end that is being moved, and no other begin. Raises NotFound; Conflict where nothing is going on."""
    access.check_changes(ctx.settings)
    _state(ctx, plan_id)
    if not plans.change(ctx.redis, plan_id, PlanState.STOPPED, WORKING, time.time()):
        raise Conflict("This plan is not being carried out.", code="plan_not_running")


def undo(ctx: Context, plan_id: str) -> None:
    """Bring back all that a plan moved. Raises NotFound; Conflict where it runs, or nothing of it is there any more."""
    _state(ctx, plan_id)
    if not any(move.plan == plan_id for move in journal.away(ctx.layout).values()):
        raise Conflict("Nothing of this plan can be brought back: it was restored or purged.", code="not_in_trash")
    _go_on(ctx, plan_id, PlanState.UNDOING, UNDOABLE, "Stop this plan first.")


def discard(ctx: Context, plan_id: str) -> None:
    """Drop a plan that was not applied. Raises NotFound; Conflict for another."""
    access.check_changes(ctx.settings)
    if _state(ctx, plan_id) is not PlanState.STAGED:
        raise Conflict("This plan was applied, and is kept so that it can be undone.", code="plan_applied")
    _drop(ctx, plan_id)


def refused(ctx: Context, plan_id: str, limit: int = 100) -> list[Outcome]:
    """Files that were not moved, or not brought back, each with its reason; the first ``limit``. Raises NotFound."""
    _state(ctx, plan_id)
    found: list[Outcome] = []
    for batch_id in plans.refusing(ctx.redis, plan_id):
        found += [one for one in batches.get(ctx.redis, batch_id).outcomes if one.state == OutcomeState.REFUSED]
        if len(found) >= limit:
            break
    return found[:limit]


def _proposed(ctx: Context, reader: ResultReader, header: PlanHeader) -> Iterator[tuple[Group, Sequence[Proposal]]]:
    away, decided = review.away(ctx, header.scan), verdicts.pairs(ctx.redis)
    reference = scans.get(ctx.redis, header.scan).request.reference  # nothing goes from there, either
    rules, may_go = _scope(replace(header.rules, protected=header.rules.protected + reference), header.wanted.between)
    for group in reader.every(header.wanted):
        left = replace(group, members=tuple(member for member in group.members if member.image.id not in away))
        if len(left.members) > 1:
            proposals = propose(left, rules, may_go, reader.relation, decided)
            yield left, [_linkable(p) for p in proposals] if header.action is Action.LINK else proposals


def _linkable(proposal: Proposal) -> Proposal:
    """Only equal files can be one file under two names."""
    equal = all(one.digest == proposal.image.digest for one in proposal.survivors)
    return (
        proposal if equal else replace(proposal, fate=Fate.KEEP, reason="not the same bytes, so no link", survivors=())
    )


def _scope(rules: Rules, between: Between | None) -> tuple[Rules, Callable[[Image], bool]]:
    """Between two folders, the one to keep is preferred and nothing goes but from the one that is cleared."""
    if between is None:
        return rules, lambda image: True
    first = Step(Criterion.FOLDERS, (between.keep,))
    clear = between.clear
    return replace(
        rules, steps=(first, *rules.steps)
    ), lambda image: (image.library, image.path.rpartition(b"/")[0]) == (clear.library, clear.path)


def _check_writable(ctx: Context, plan_id: str) -> None:
    with _opened(ctx, plan_id) as plan:
        wanted = plan.libraries()
        target = plan.header().target
    for library_id in dict.fromkeys([*wanted, *([] if target is None else [target.library])]):
        reason = libraries.writable(ctx, library_id)
        if reason is not None:
            raise Conflict(reason, code="not_writable")


def _go_on(ctx: Context, plan_id: str, to: PlanState, since: Iterable[PlanState], otherwise: str) -> None:
    access.check_changes(ctx.settings)
    if not plans.change(ctx.redis, plan_id, to, frozenset(since), time.time()):
        raise Conflict(otherwise, code="plan_in_other_state")
    if to is PlanState.UNDOING:
        plans.begin_undo(ctx.redis, plan_id)
    ctx.send(RUN_PLAN, plan_id)


def _opened(ctx: Context, plan_id: str) -> AbstractContextManager[plan_file.PlanReader]:
    """Raises NotFound, also for what cannot be a plan's id."""
    return plan_file.opened(ctx.layout.plan(plan_id if _ID.fullmatch(plan_id) else "none"))


def _state(ctx: Context, plan_id: str) -> PlanState:
    """A plan's state; where Redis has lost it, what the journals say of it. Raises NotFound."""
    try:
        return plans.state(ctx.redis, plan_id)
    except NotFound:
        moved = any(move.plan == plan_id for move in journal.away(ctx.layout).values())
        with _opened(ctx, plan_id) as reader:
            header = reader.header()
        state = PlanState.STOPPED if moved else PlanState.STAGED
        plans.create(ctx.redis, plan_id, header.scan, header.created, state)
        return state


def _drop_old(ctx: Context) -> None:
    staged = [i for i in plans.latest(ctx.redis) if plans.state(ctx.redis, i) is PlanState.STAGED]
    for plan_id in staged[MOST_STAGED:]:
        _drop(ctx, plan_id)


def _drop(ctx: Context, plan_id: str) -> None:
    plans.drop(ctx.redis, plan_id)
    ctx.layout.plan(plan_id).unlink(missing_ok=True)
