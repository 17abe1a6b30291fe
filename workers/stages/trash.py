"""Carry out a batch: move files to the trash, bring them back, or purge them.

Invariant: the journal decides what has been done, so a batch that is delivered again goes on where it stopped
and never moves a file twice. All moves of all files workers happen one after another, under one lock: what one
batch has just moved cannot count as the copy that stays in another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import structlog

from shared.context import Context
from shared.domain.deletion import BatchKind, BatchState, Item, OutcomeState
from shared.domain.errors import NotFound
from shared.names import RUN_BATCH, RUN_PLAN
from shared.store import batches, journal, libraries, plans
from shared.store.batches import Work
from shared.store.journal import Journal, Outcome
from workers.files import moves, permissions
from workers.files.verify import Refused
from workers.stages.put_away import PutAway

SLICE_S = 30.0
"""After so long a batch makes room for others and sends itself again."""
Outcomes = Mapping[str, Outcome]
_log = structlog.get_logger(__name__)


def run_batch(ctx: Context, batch_id: str) -> None:
    """Carry out what is left of a batch. Raises NotFound."""
    until = time.monotonic() + SLICE_S
    if not carry_out(ctx, batch_id, lambda: time.monotonic() <= until):
        ctx.send(RUN_BATCH, batch_id)


def carry_out(
    ctx: Context, batch_id: str, go_on: Callable[[], bool], heard: Callable[[Outcomes], None] = lambda outcomes: None
) -> bool:
    """Carry out what is left of a batch for as long as ``go_on``, which is asked before each file; whether it ended.

    ``heard`` is told all outcomes by entry after each file. Raises NotFound.
    """
    work = batches.work(ctx.redis, batch_id)
    batches.advance(ctx.redis, batch_id, BatchState.RUNNING)
    _recover_moves(ctx)
    with journal.opened(ctx.layout, batch_id) as log:
        known = set(log.history().outcomes)
        if known:  # this is not the first delivery
            _mirror(ctx, batch_id)
        run = _Run(ctx, batch_id, work, log)
        for number, item in enumerate(work.items):
            if item.entry in known:
                continue
            if not go_on():
                return False
            with journal.locked(ctx.layout):
                outcome = run.outcome(item)
                _tell(ctx, batch_id, number, outcome)
                if outcome.done:
                    _mark(ctx, work.kind, batch_id, item)
            heard(log.history().outcomes)
        heard(log.history().outcomes)
    batches.advance(ctx.redis, batch_id, BatchState.DONE)
    return True


def recover(ctx: Context) -> None:
    """At a files worker's start: end half-done moves, tell Redis what the journals know, go on with open batches.

    Redis may be empty; the journals alone say what lies in the trash. Sending a batch twice is harmless.
    """
    _recover_moves(ctx)
    with journal.locked(ctx.layout):
        for image, batch_id in journal.moved_away(ctx.layout).items():
            batches.mark_trashed(ctx.redis, image, batch_id)
    for library in libraries.listed(ctx.redis):
        permissions.report(ctx, library)
    for batch_id in batches.unfinished(ctx.redis):
        ctx.send(RUN_BATCH, batch_id)
    for plan_id in plans.working(ctx.redis):
        ctx.send(RUN_PLAN, plan_id)


def _recover_moves(ctx: Context) -> None:
    with journal.locked(ctx.layout):
        cut_off = moves.recover(ctx.layout)
    for batch_id in cut_off:
        _log.warning("moves_were_cut_off", batch=batch_id)
        _mirror(ctx, batch_id)


def _mirror(ctx: Context, batch_id: str) -> None:
    """Tell Redis the outcomes that a batch's journal knows, and where its images are by now."""
    try:
        items = batches.work(ctx.redis, batch_id).items
    except NotFound:  # Redis was emptied; the journal is enough
        return
    with journal.locked(ctx.layout):
        outcomes = journal.histories(ctx.layout)[batch_id].outcomes
        away = journal.moved_away(ctx.layout)
        for number, item in enumerate(items):
            if item.entry in outcomes:
                _tell(ctx, batch_id, number, outcomes[item.entry])
                if item.image in away:
                    batches.mark_trashed(ctx.redis, item.image, away[item.image])
                else:
                    batches.mark_restored(ctx.redis, item.image)


def _tell(ctx: Context, batch_id: str, number: int, outcome: Outcome) -> None:
    state = OutcomeState.DONE if outcome.done else OutcomeState.REFUSED
    batches.record(ctx.redis, batch_id, number, state, outcome.code, outcome.reason)


def _mark(ctx: Context, kind: BatchKind, batch_id: str, item: Item) -> None:
    if kind is BatchKind.TRASH:
        batches.mark_trashed(ctx.redis, item.image, batch_id)
    elif kind is BatchKind.RESTORE:
        batches.mark_restored(ctx.redis, item.image)


class _Run:
    """What the items of one batch share."""

    def __init__(self, ctx: Context, batch_id: str, work: Work, log: Journal) -> None:
        self._ctx = ctx
        self._batch_id = batch_id
        self._kind = work.kind
        self._log = log
        self._away = PutAway(ctx, batch_id, work, log)
        self._inside = {} if work.kind is BatchKind.TRASH else journal.away(ctx.layout)

    def outcome(self, item: Item) -> Outcome:
        """Make one item's move, unless the journal tells what became of it."""
        if item.entry in self._log.history().pending:
            moves.resolve(self._log, self._log.history().moves[item.entry])
        known = self._log.history().outcomes.get(item.entry)
        return known or self._attempt(item)

    def _attempt(self, item: Item) -> Outcome:
        try:
            self._move(item)
        except Refused as refusal:
            return self._refuse(item, refusal)
        except OSError as error:  # the journal could not be written, so that nothing more is tried
            return self._refuse(item, Refused("journal", error.strerror or str(error)))
        return Outcome(True)

    def _refuse(self, item: Item, refusal: Refused) -> Outcome:
        if item.entry not in self._log.history().pending:
            try:
                self._log.refused(item.entry, refusal.code, refusal.message)
            except OSError as error:  # nothing was moved, so nothing is lost but this line
                _log.warning("refusal_not_journalled", batch=self._batch_id, reason=str(error))
        return Outcome(False, refusal.code, refusal.message)

    def _move(self, item: Item) -> None:
        if self._kind is BatchKind.TRASH:
            self._away.move(item)
            return
        inside = self._inside.get(item.entry)
        if inside is None:
            raise Refused("vanished")
        if self._kind is BatchKind.RESTORE:
            moves.restore(self._log, inside, self._batch_id)
        else:
            moves.purge(self._log, inside, self._batch_id)
