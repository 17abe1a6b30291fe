"""How many contents a block has at most: found by a trial, once for a data folder, unless it is set.

Invariant: the size stays as it was found, whichever worker is asked, so that blocks are cut alike from scan to scan;
blocks that were cut otherwise before are used still.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import structlog

from shared.context import Context
from shared.whole import written_whole
from workers.pairs.spectrum import measure_costs

_TASK_S = 20.0
_DIMENSION = 4096  # of the vectors of VGG16: the longest that are common
_LEAST, _MOST = 2048, 65536
_log = structlog.get_logger(__name__)


def largest_block(ctx: Context) -> int:
    """The size that is set, or was found."""
    if ctx.settings.block_size is not None:
        return ctx.settings.block_size
    note = ctx.layout.comparison / "block-size"
    kept = _kept(note)
    if kept is not None:
        return kept
    found = fitting(measure_costs().multiply)
    with written_whole(note) as draft:
        draft.write_text(str(found))
    _log.info("block_size_found", size=found)
    return found


def fitting(multiply_ns: float) -> int:
    """The power of two with which a task takes about 20 s where its full rows are multiplied, the dearest that it does.

    ``multiply_ns``: nanoseconds of one multiplication.
    """
    rows = math.sqrt(_TASK_S * 1e9 / (_DIMENSION * multiply_ns))
    return min(_MOST, max(_LEAST, 1 << round(math.log2(rows))))


def _kept(note: Path) -> int | None:
    try:
        size = int(note.read_text())
        os.utime(note)  # of use still
    except (OSError, ValueError):  # none yet, or torn
        return None
    return size if _LEAST <= size <= _MOST else None
