"""The tasks of a scan, one a phase: a unit each, named as people see them in Flower."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from shared.context import Context
from shared.domain.scan import Phase
from shared.names import PHASE_TASKS
from shared.store.scans import Found, Scan
from workers import units
from workers.app import app, context
from workers.messages import SCAN, UNIT, checked

_SOFT_LIMIT_S = 1500.0
_HARD_LIMIT_S = 1800.0

_STAGES: dict[Phase, str] = {
    Phase.PREPARE: "workers.stages.extract:prepare",
    Phase.PLAN: "workers.stages.plan:plan",
    Phase.EXTRACT: "workers.stages.extract:extract_chunk",
    Phase.INDEX: "workers.stages.index:index",
    Phase.COMPARE: "workers.stages.comparing:compare_blocks",
    Phase.NOMINATE: "workers.stages.nominate:nominate",
    Phase.PAIR: "workers.stages.pairing:pair",
    Phase.PROVE: "workers.stages.prove:prove_chunk",
    Phase.CLOSE: "workers.stages.pairing:close",
    Phase.REPROVE: "workers.stages.prove:reprove_chunk",
    Phase.SHORTLIST: "workers.stages.verify:shortlist",
    Phase.VERIFY: "workers.stages.verify:digest_pixels",
    Phase.GROUP: "workers.stages.group:group",
}
"""Imported on first use, so that a files worker never loads what an extraction worker needs."""


def _stage(phase: Phase) -> units.Stage:
    """The stage of a phase, imported when it runs: where a worker lacks a library, its unit counts as tried."""

    def run(ctx: Context, scan: Scan, unit: int) -> Found:
        module, name = _STAGES[phase].split(":")
        found: Found = getattr(import_module(module), name)(ctx, scan, unit)
        return found

    return run


def _body(phase: Phase) -> Callable[[str, int], None]:
    @checked(SCAN, UNIT)
    def run_unit(scan_id: str, unit: int) -> None:
        units.run(context(), scan_id, phase, unit, _stage(phase))

    run_unit.__doc__ = f"Run one unit of the phase {phase}."
    return run_unit


for _phase, (_name, _queue) in PHASE_TASKS.items():
    # Time limits act in prefork pools; the extraction worker keeps its own, a deadline a file.
    app.task(name=_name, soft_time_limit=_SOFT_LIMIT_S, time_limit=_HARD_LIMIT_S)(_body(_phase))
