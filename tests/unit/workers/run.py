"""A scan run in this process, unit by unit in the order of its phases, on real stores and files."""

from __future__ import annotations

from shared.context import Context
from shared.domain.scan import PHASES, Phase
from shared.store import scans as store
from workers import units
from workers.stages.comparing import compare_blocks
from workers.stages.extract import extract_chunk
from workers.stages.group import group
from workers.stages.index import index
from workers.stages.plan import plan
from workers.stages.verify import digest_pixels, shortlist

STAGES: dict[Phase, units.Stage] = {
    Phase.PLAN: plan,
    Phase.EXTRACT: extract_chunk,
    Phase.INDEX: index,
    Phase.COMPARE: compare_blocks,
    Phase.SHORTLIST: shortlist,
    Phase.VERIFY: digest_pixels,
    Phase.GROUP: group,
}


def go_on(ctx: Context, scan_id: str, until: Phase | None = None) -> None:
    """Run every unit of a scan in its order, up to a phase."""
    for phase in PHASES:
        if phase is until:
            return
        for unit in range(int(store.fields(ctx.redis, scan_id).get(f"total:{phase}", 0))):
            units.run(ctx, scan_id, phase, unit, STAGES[phase])
