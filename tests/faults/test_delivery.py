"""Every task delivered twice, in a real stack, while the scan runs: the result is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.domain.scan import PHASES, Phase
from shared.names import PHASE_TASKS
from shared.store import scans as store
from tests.faults.rig import Rig, programs, running
from tests.faults.table import MOMENTS, survived


def test_a_scan_survives_every_task_delivered_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path, monkeypatch, programs(twice=True)) as rig:
        for _ in range(MOMENTS):
            rig.salt()
            scan_id = rig.request()
            for phase in PHASES:
                _send_again(rig, scan_id, phase)
            rig.check(scan_id)
            fields = store.fields(rig.ctx.redis, scan_id)
            assert fields["images_done"] == fields["images"]
            assert fields["pairs_done"] == fields["pairs"]
    survived("every task delivered twice, to two workers of each role", MOMENTS, "each is counted once, same result")


def _send_again(rig: Rig, scan_id: str, phase: Phase) -> None:
    """Send all units of a phase, as soon as they are known."""
    rig.run(lambda: _at(rig, scan_id) >= PHASES.index(phase))
    for unit in range(int(store.fields(rig.ctx.redis, scan_id).get(f"total:{phase}", 0))):
        rig.ctx.send(PHASE_TASKS[phase][0], scan_id, unit)


def _at(rig: Rig, scan_id: str) -> int:
    return PHASES.index(Phase(store.fields(rig.ctx.redis, scan_id)["phase"]))
