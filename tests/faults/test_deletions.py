"""kill -9 in the middle of a deletion: every file is in its place or in the trash, and all of it comes back.

What happens inside one move, stopped at every line of it, is tested in tests/unit/workers/files/test_crashes.py.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from shared.domain.deletion import BatchState
from shared.domain.errors import NotFound
from shared.services import trash
from tests import deletions
from tests.faults.processes import children, program
from tests.faults.rig import Rig, programs, running
from tests.faults.table import MOMENTS, survived

PAIRS = 30


def _filer() -> int:
    parent = program("-n files@")
    return random.choice([parent, *children(parent)])


VICTIMS: dict[str, Callable[[Rig], int]] = {
    "kill -9 of the files worker or its pool in mid-deletion": lambda rig: _filer(),
    "kill -9 of Redis in mid-deletion": lambda rig: int(rig.ctx.redis.info("server")["process_id"]),
}


@pytest.mark.parametrize("fault", VICTIMS)
def test_a_deletion_survives(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random.seed(fault)
    files = {f"{side}/{n:02}.jpg": os.urandom(500_000) for n in range(PAIRS) for side in ("left",)}
    files |= {name.replace("left", "right"): data for name, data in files.items()}
    with running(tmp_path, monkeypatch, programs()) as rig:
        root = tmp_path / "photos"
        library = deletions.library(rig.ctx, root, files)
        before = contents(root)
        pairs = [[deletions.seen(library, f"{s}/{n:02}.jpg".encode()) for s in ("left", "right")] for n in range(PAIRS)]
        for _ in range(MOMENTS):
            scan_id = deletions.scanned(rig.ctx, pairs)
            batch_id = trash.delete(rig.ctx, scan_id, [right.id for _, right in pairs])
            left = random.randrange(1, PAIRS)
            rig.run(lambda: len(list((root / "right").iterdir())) <= left)  # noqa: B023  # called at once
            os.kill(VICTIMS[fault](rig), signal.SIGKILL)
            _await_done(rig, batch_id)
            assert Counter(before.values()) == Counter(contents(root, hidden=True).values()), "bytes were lost"
            assert len(list((root / "left").iterdir())) == PAIRS
            assert len(list((root / "right").iterdir())) + len(trash.listed(rig.ctx)) == PAIRS
            _await_done(rig, trash.restore(rig.ctx, batch_id))
            assert contents(root) == before
    survived(fault, MOMENTS, "the deletion ends by itself; Undo brings all of it back")


def contents(root: Path, hidden: bool = False) -> dict[str, bytes]:
    """Digests of the pictures by path, with those in the trash where ``hidden``."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).digest()
        for path in root.rglob("*.jpg")
        if hidden or not path.relative_to(root).parts[0].startswith(".")
    }


def _await_done(rig: Rig, batch_id: str) -> None:
    def done() -> bool:
        with suppress(RedisError, NotFound):  # down; or begun by a Redis that has forgotten it
            return trash.batch(rig.ctx, batch_id).state == BatchState.DONE
        return False

    rig.run(done)
