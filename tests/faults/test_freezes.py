"""SIGSTOP past the lease, then SIGCONT: others do the frozen one's work, and what it does late changes nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.faults.processes import children, program
from tests.faults.rig import LEASE_S, Rig, programs, running
from tests.faults.table import MOMENTS, survived

ROLES = {"extract": "-n extract@", "compare": "-n compare@", "files": "-n files@"}


@pytest.mark.parametrize("role", ROLES)
def test_a_scan_survives_a_frozen_worker(role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(role)
    with running(tmp_path, monkeypatch, programs(twice=True)) as rig:
        struck = 0
        for moment in sorted(chance.uniform(0.0, 0.97) for _ in range(MOMENTS)):
            rig.salt()
            scan_id = rig.request()
            if rig.reach(scan_id, moment):
                _freeze(rig, program(ROLES[role]))
                struck += 1
            rig.check(scan_id)
        assert struck >= MOMENTS * 0.7, "most scans ended before they were struck"
    survived(
        f"SIGSTOP of one of two {role} workers for three leases, then SIGCONT",
        struck,
        "the scan ends by itself, same result",
    )


@pytest.mark.parametrize("role", ROLES)
def test_the_only_worker_frozen_is_told_on_the_page(role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path, monkeypatch, programs()) as rig:
        rig.salt()
        with _frozen(program(ROLES[role])):
            scan_id = rig.request()
            rig.run(lambda: f"No {role} worker" in _shown(rig, scan_id), timeout_s=60)
        rig.check(scan_id)
    survived(
        f"the only {role} worker frozen", 1, "the page names it within a minute; thawed, the scan ends, same result"
    )


def _shown(rig: Rig, scan_id: str) -> str:
    """What the page says below the bar."""
    with closing(HTTPConnection("127.0.0.1", rig.ctx.settings.port, timeout=30)) as connection:
        connection.request("GET", f"/api/scans/{scan_id}")
        return str(json.loads(connection.getresponse().read())["note"])


def _freeze(rig: Rig, worker: int) -> None:
    until = time.monotonic() + 3 * LEASE_S
    with _frozen(worker):
        rig.run(lambda: time.monotonic() > until)


@contextmanager
def _frozen(worker: int) -> Iterator[None]:
    frozen = [worker, *children(worker)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
