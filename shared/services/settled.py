"""What the verdicts settle in a result, worked out once for each state of both, since every page asks for it.

Invariant: a result file is known by its inode and time, the verdicts by their mark; where either has changed, what was
worked out before is not taken.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from shared.context import Context
from shared.store import verdicts
from shared.store.group_conditions import Settled
from shared.store.results import ResultReader

_MOST = 16
"""Results that are remembered."""
Identity = tuple[Path, int, int]
_lock = threading.Lock()
_latest: OrderedDict[tuple[Identity, str], Settled] = OrderedDict()


def identity(result: Path) -> Identity | None:
    """Which file this is, and as of when; None where there is none."""
    try:
        status = result.stat()
    except FileNotFoundError:
        return None
    return result, status.st_ino, status.st_mtime_ns


def of(ctx: Context, result: Identity | None, reader: ResultReader) -> Settled:
    """What is settled in the result that ``reader`` reads; not remembered where ``result`` is None."""
    mark = verdicts.mark(ctx.redis)
    if result is None:
        return reader.settled_by(verdicts.pairs(ctx.redis, mark))
    with _lock:
        if (result, mark) not in _latest:
            _latest[result, mark] = reader.settled_by(verdicts.pairs(ctx.redis, mark))
            while len(_latest) > _MOST:
                _latest.popitem(last=False)
        return _latest[result, mark]
