"""Many at once: browsers that poll and page while a scan runs, and scans that are asked for all at once."""

from __future__ import annotations

import json
import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path

import pytest

from cli.programs import cores
from cli.stack import answers
from shared.domain.scan import ENDED, Folder, Preset, ScanRequest, State
from shared.services import libraries, scans
from shared.store import scans as store
from tests import pictures
from tests.faults.rig import Rig, programs, running
from tests.faults.table import MOMENTS, survived

BROWSERS = 50
POLL_S = 0.5  # as scan.js does
LOAD_S = min(60.0, 6.0 * MOMENTS)
P95_S = 0.3
QUEUED = 20


class Browsers:
    """Threads that ask as the scan's page and the results' page do; ``times`` are in seconds."""

    def __init__(self, port: int, running_id: str, done_id: str) -> None:
        self._port = port
        self._paths = (f"/api/scans/{running_id}", f"/api/scans/{done_id}/groups", f"/api/scans/{running_id}")
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._browse, args=(number,)) for number in range(BROWSERS)]
        self.times: list[float] = []
        self.errors: list[str] = []

    @contextmanager
    def browsing(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def _browse(self, number: int) -> None:
        self._over.wait(number * POLL_S / BROWSERS)  # they do not all begin at once
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=20)) as connection:
            for path in cycle(self._paths):
                if self._over.wait(POLL_S):
                    return
                begun = time.perf_counter()
                try:
                    connection.request("GET", path)
                    response = connection.getresponse()
                    json.loads(response.read())
                    if response.status != 200:
                        self.errors.append(f"{response.status} {path}")
                except OSError as error:
                    self.errors.append(repr(error))
                    return
                self.times.append(time.perf_counter() - begun)


def test_the_page_answers_fifty_browsers_while_a_scan_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy_before = os.getloadavg()[0]
    with running(tmp_path, monkeypatch, programs()) as rig:
        port = rig.ctx.settings.port
        rig.run(lambda: answers("127.0.0.1", port))
        done = store.latest(rig.ctx.redis, 1)[0]
        current, finished = rig.request(), 0
        browsers = Browsers(port, current, done)
        until = time.monotonic() + LOAD_S
        with browsers.browsing():
            while time.monotonic() < until:
                rig.salt()  # so that there is work all the time
                rig.check(rig.request())
                finished += 1
    p95 = statistics.quantiles(browsers.times, n=20)[-1]
    load = f"load of the machine before {busy_before:.1f} on {cores()} cores"
    told = f"{len(browsers.times)} answers without an error, p95 {p95 * 1000:.0f} ms ({load})"
    assert browsers.errors == []
    assert len(browsers.times) > BROWSERS * LOAD_S / POLL_S / 3, told
    assert finished > 0
    # on a machine that has other work already, the figure says little about this program
    assert p95 < P95_S * max(1.0, busy_before / cores()), told
    survived(f"{BROWSERS} browsers polling for {LOAD_S:.0f} s while scans run", 1, told)


def test_many_scans_asked_for_at_once_all_end_and_a_small_one_need_not_wait_for_a_large_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, monkeypatch, programs()) as rig:
        pictures.library(tmp_path / "large", count=500, size=(96, 64))
        large = libraries.add(rig.ctx, tmp_path / "large")
        first = scans.request(rig.ctx, ScanRequest(folders=(Folder(large.id),), preset=Preset.NEAR))
        rig.run(lambda: _count(rig, first, "done:extract") > 0)
        rig.salt()
        queued = [rig.request() for _ in range(QUEUED - 1)]
        rig.run(lambda: all(_progress(rig, scan_id) in ENDED for scan_id in [first, *queued]), timeout_s=300)
        for scan_id in queued:
            rig.check(scan_id)
        assert _progress(rig, first) is State.DONE
        ends = {scan_id: float(store.fields(rig.ctx.redis, scan_id)["ended"]) for scan_id in [first, *queued]}
        earlier = sum(ends[scan_id] < ends[first] for scan_id in queued)
        assert earlier >= 1, "the small scans waited for the large one"
    survived(f"{QUEUED} scans asked for at once, the first one large", 1,
             f"all end, same results; {earlier} small ones before the large one")  # fmt: skip


def _progress(rig: Rig, scan_id: str) -> State:
    return scans.progress(rig.ctx, scan_id).state


def _count(rig: Rig, scan_id: str, field: str) -> int:
    return int(store.fields(rig.ctx.redis, scan_id).get(field, 0))
