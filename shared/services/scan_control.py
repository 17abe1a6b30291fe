"""What people do with scans that are there: pause, resume, repeat, delete.

Invariant: nothing here touches a picture; a scan that is deleted takes its result along, and neither what was decided
nor what was moved to the trash.
"""

from __future__ import annotations

import shutil
import time

from shared.context import Context
from shared.domain.errors import Conflict
from shared.domain.progress import Progress
from shared.domain.scan import ENDED, ScanKind, State
from shared.services import scans
from shared.store import scan_control as control
from shared.store import scans as store


def pause(ctx: Context, scan_id: str) -> Progress:
    """Finish what is under way and begin nothing new, until :func:`resume`; also after a restart of everything.

    A scan that has ended stays as it is. Raises NotFound.
    """
    store.get(ctx.redis, scan_id)
    control.pause(ctx.redis, scan_id, time.time())
    return scans.progress(ctx, scan_id)


def resume(ctx: Context, scan_id: str) -> Progress:
    """Let a paused scan go on; one that is not paused stays as it is. Raises NotFound."""
    store.get(ctx.redis, scan_id)
    if control.resume(ctx.redis, scan_id, time.time()):
        phase, units = store.unheard(ctx.redis, scan_id)
        scans.send_units(ctx, scan_id, phase, units)
    return scans.progress(ctx, scan_id)


def again(ctx: Context, scan_id: str) -> str:
    """Ask for the same scan once more; what is unchanged is not read again. Returns the new scan's id.

    Raises NotFound; Conflict (code ``upload_gone``) for a search, whose image is not kept; and what
    :func:`shared.services.scans.request` raises.
    """
    wanted = store.get(ctx.redis, scan_id).request
    if wanted.kind is ScanKind.FIND:
        raise Conflict("The image of a search is not kept. Choose it again under “Find an image”.", code="upload_gone")
    return scans.request(ctx, wanted)


def delete(ctx: Context, scan_id: str) -> None:
    """Forget a scan that has ended, with its result. Pictures, decisions, the trash and what was computed stay.

    Raises NotFound; Conflict (code ``not_ended``) while it runs or a worker still has a part of it in its hands.
    """
    if State(store.fields(ctx.redis, scan_id)["state"]) not in ENDED:
        raise Conflict("This scan has not ended. Cancel it first.", code="not_ended")
    if control.busy(ctx.redis, scan_id, time.time()):
        raise Conflict("A worker is still busy with a last part of it. Try again in a moment.", code="not_ended")
    scans.tidy(ctx, scan_id)
    shutil.rmtree(ctx.layout.scan(scan_id), ignore_errors=True)
    control.forget(ctx.redis, scan_id)
