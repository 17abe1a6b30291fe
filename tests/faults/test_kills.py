"""kill -9 of every kind of process at seeded moments of a scan: the scan ends by itself and says the same."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.stack import answers
from tests.faults.processes import children, command, program
from tests.faults.rig import Rig, programs, running
from tests.faults.table import MOMENTS, survived

Victim = Callable[[Rig, random.Random], int | None]
"""The process to kill now; None where there is none yet."""


def extractor(rig: Rig, chance: random.Random) -> int | None:
    return program("-n extract@")


def decoder(rig: Rig, chance: random.Random) -> int | None:
    found = [pid for pid in children(program("-n extract@")) if "decoder" in command(pid)]
    return chance.choice(found) if found else None


def comparer(rig: Rig, chance: random.Random) -> int | None:
    return chance.choice(_family("-n compare@"))


def filer(rig: Rig, chance: random.Random) -> int | None:
    return chance.choice(_family("-n files@"))


def page(rig: Rig, chance: random.Random) -> int | None:
    return program("-m web")


def redis(rig: Rig, chance: random.Random) -> int | None:
    return int(rig.ctx.redis.info("server")["process_id"])


def _family(words: str) -> list[int]:
    """A worker and the processes of its pool."""
    parent = program(words)
    return [parent, *children(parent)]


VICTIMS: dict[str, Victim] = {
    "kill -9 of the extraction worker": extractor,
    "kill -9 of a decoder": decoder,
    "kill -9 of the comparison worker or one of its pool": comparer,
    "kill -9 of the files worker or its pool": filer,
    "kill -9 of the web process": page,
    "kill -9 of Redis, restarted from its append-only file": redis,
}


@pytest.mark.parametrize("fault", VICTIMS)
def test_a_scan_survives(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(fault)
    with running(tmp_path, monkeypatch, programs()) as rig:
        struck = 0
        for moment in sorted(chance.uniform(0.0, 0.97) for _ in range(MOMENTS)):
            rig.salt()
            scan_id = rig.request()
            if rig.reach(scan_id, moment):
                struck += _kill(rig, chance, VICTIMS[fault])
            rig.check(scan_id)
            rig.run(lambda: answers("127.0.0.1", rig.ctx.settings.port))
        assert struck >= MOMENTS * 0.7, "most scans ended before they were struck"
    survived(fault, struck, "the scan ends by itself, with the same result")


def _kill(rig: Rig, chance: random.Random, victim: Victim) -> bool:
    def gone() -> bool:
        pid = victim(rig, chance)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return pid is not None

    rig.run(gone)
    return True
