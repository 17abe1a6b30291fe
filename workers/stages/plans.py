"""Carry out a plan, or take it back: batch after batch, each as any other batch, so that one journal is never long.

Invariant: a batch's id follows from its plan and its place, so that a plan which is delivered again goes on where it
stopped: the batches that it made are found again, and their journals tell what has been moved.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import structlog

from shared.context import Context
from shared.domain.deletion import BatchKind, BatchState, Item
from shared.domain.errors import NotFound
from shared.domain.plan import PlanHeader, PlanState
from shared.names import RUN_PLAN
from shared.store import batches, journal, plan_file, plans
from shared.store.plan_file import PlannedItem
from workers.stages.trash import SLICE_S, Outcomes, carry_out

ITEMS = 200
"""Files in one batch."""
_ENDS = {PlanState.RUNNING: PlanState.DONE, PlanState.UNDOING: PlanState.UNDONE}
_log = structlog.get_logger(__name__)
Batches = Iterator[tuple[str, list[Item]]]


def run_plan(ctx: Context, plan_id: str) -> None:
    """Carry out what is left of a plan, or of its undoing; nothing for one that is in another state.

    After a while it makes room for others and sends itself again.
    """
    try:
        state = plans.state(ctx.redis, plan_id)
    except NotFound:
        _log.warning("plan_unknown", plan=plan_id)
        return
    if state in _ENDS:
        _Going(ctx, plan_id, state).go()


class _Going:
    """One turn of a plan on its way forth or back."""

    def __init__(self, ctx: Context, plan_id: str, state: PlanState) -> None:
        self._ctx, self._plan, self._state = ctx, plan_id, state
        self._undoing = state is PlanState.UNDOING
        self._until = time.monotonic() + SLICE_S

    def go(self) -> None:
        for batch_id, items in self._back() if self._undoing else self._forth():
            if not self._run(batch_id, items):
                if self._wanted():
                    self._ctx.send(RUN_PLAN, self._plan)
                return
        plans.change(self._ctx.redis, self._plan, _ENDS[self._state], {self._state}, time.time())

    def _wanted(self) -> bool:
        """Nobody has stopped it."""
        return plans.state(self._ctx.redis, self._plan) is self._state

    def _run(self, batch_id: str, items: Sequence[Item]) -> bool:
        """Carry one batch out; False where it was stopped or its time is over."""
        redis = self._ctx.redis
        if batches.state(redis, batch_id) is BatchState.DONE:
            return True
        if batches.state(redis, batch_id) is None:
            kind = BatchKind.RESTORE if self._undoing else BatchKind.TRASH
            batches.create(redis, batch_id, kind, items, time.time(), self._plan)
            self._record(batch_id, items, {})
        items = batches.work(redis, batch_id).items
        return carry_out(
            self._ctx,
            batch_id,
            lambda: time.monotonic() <= self._until and self._wanted(),
            lambda outcomes: self._record(batch_id, items, outcomes),
        )

    def _record(self, batch_id: str, items: Sequence[Item], outcomes: Outcomes) -> None:
        known = [(item.size, outcomes[item.entry].done) for item in items if item.entry in outcomes]
        done = [size for size, happened in known if happened]
        refused = len(known) - len(done)
        now = time.time()
        plans.record(self._ctx.redis, self._plan, batch_id, self._undoing, len(done), sum(done), refused, now)

    def _forth(self) -> Batches:
        with plan_file.opened(self._ctx.layout.plan(self._plan)) as reader:
            header, start = reader.header(), 0
            while found := reader.items(start, ITEMS):
                batch_id = self._id("forth", str(start))
                yield batch_id, [_item(batch_id, n, one, header) for n, one in enumerate(found)]
                start += ITEMS

    def _back(self) -> Batches:
        """What lies in the trash of it, the last batch first, after what was begun: that may have ended untold."""
        yield from ((batch_id, []) for batch_id in plans.begun(self._ctx.redis, self._plan, undoing=True))
        entries = defaultdict(list)
        for entry in journal.entries(self._ctx.layout):
            if entry.plan == self._plan:
                entries[entry.batch].append(entry)
        turn = str(plans.turn(self._ctx.redis, self._plan))
        for batch, some in entries.items():
            items = [Item(one.id, one.image, one.library, one.path, one.size, one.digest) for one in some]
            yield self._id("back", turn, batch), items

    def _id(self, *parts: str) -> str:
        return blake2b("\0".join((self._plan, *parts)).encode(), digest_size=16).hexdigest()


def _item(batch_id: str, number: int, planned: PlannedItem, header: PlanHeader) -> Item:
    return Item(
        entry=f"{batch_id}.{number}",
        image=planned.image,
        library=planned.library,
        path=planned.path,
        size=planned.size,
        digest=planned.digest,
        survivors=planned.survivors,
        action=header.action,
        target=header.target,
    )
