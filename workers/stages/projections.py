"""Projections: how the deep features of a space are projected, learned once and kept while it serves.

Kept beside the coordinates of blocks that were projected so. Invariant: whatever projection is taken, the same pairs
are found; only the time depends on it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import structlog

from shared.context import Context
from shared.store.scans import Scan
from shared.whole import written_whole
from workers import spaces
from workers.pairs.kernels import choose
from workers.pairs.projection import Projection
from workers.pairs.spectrum import fit, foresee, sample_size

_GROWTH = 2  # times as many rows as when it was judged last: it is judged anew
_WORSE = 1.5  # times as dear as one that is learned now: it is given up, and the blocks are projected anew
_log = structlog.get_logger(__name__)


def folder(ctx: Context, deep: str) -> Path:
    """Where the projections of a space lie, each with the coordinates of blocks."""
    return ctx.layout.comparison / "projected" / deep


def choose_projection(ctx: Context, scan: Scan, digests: list[bytes], floor: float) -> str:
    """The name of the projection for the rows of these contents, "" where none pays.

    A repeat may learn another one, since it goes by measured costs; the scan keeps the one whose unit was counted.
    """
    space = spaces.deep(ctx, scan)
    if space is None or scan.deep is None or not digests:
        return ""
    home, note = folder(ctx, scan.deep), f"floor-{floor:.4f}.json"
    kept, judged = _remembered(home, note)
    if kept is not None and len(digests) <= _GROWTH * judged:
        return kept.key
    space.refresh()
    drawn = np.random.default_rng(0).choice(len(digests), sample_size(len(digests)), replace=False)
    sample = space.rows(space.find([digests[at] for at in np.sort(drawn)])).astype(np.float32, copy=False)
    found = _better(kept, sample, floor, len(digests))
    if found is None:
        return ""
    with written_whole(home / f"{found.key}.npz") as draft:
        found.save(draft)
    with written_whole(home / note) as draft:
        draft.write_text(json.dumps({"projection": found.key, "rows": len(digests)}))
    return found.key


def latest(ctx: Context, scan: Scan) -> str:
    """The name of the projection that was taken last for the space of a scan, "" where there is none."""
    if scan.deep is None:
        return ""
    home = folder(ctx, scan.deep)
    notes = sorted(home.glob("floor-*.json"), key=lambda note: note.stat().st_mtime)
    kept, _ = _remembered(home, notes[-1].name) if notes else (None, 0)
    return "" if kept is None else kept.key


def taken(ctx: Context, scan: Scan) -> Projection | None:
    """The projection of a scan, None where it takes none, or it is there no more."""
    if not scan.projection or scan.deep is None:
        return None
    try:
        return Projection.load(folder(ctx, scan.deep) / f"{scan.projection}.npz")
    except (OSError, ValueError, KeyError):
        return None


def _better(kept: Projection | None, sample: np.ndarray, floor: float, rows: int) -> Projection | None:
    """The projection that was kept, or one that is learned now where that saves enough."""
    kernel = choose(rows * (rows - 1) / 2)
    found = fit(sample, floor, rows, kernel)
    if kept is None or found is None:
        return found
    before, now = (foresee(one, sample, floor, rows, kernel) for one in (kept, found))
    _log.info("projection_judged", rows=rows, kept_ns=round(before, 2), learned_ns=round(now, 2))
    return kept if before <= _WORSE * now else found


def _remembered(home: Path, note: str) -> tuple[Projection | None, int]:
    """The projection that was taken last, and for how many rows it was judged."""
    try:
        said = json.loads((home / note).read_text())
        return Projection.load(home / f"{said['projection']}.npz"), int(said["rows"])
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or torn
        return None, 0
