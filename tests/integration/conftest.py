"""Real Celery workers on a real Redis, started and stopped for each test."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.context import Context
from shared.domain.progress import Progress
from shared.domain.scan import ENDED
from shared.services import scans

_POOLS = {
    "extract": ["-Q", "extract", "--pool", "threads", "-c", "2"],
    "compare": ["-Q", "compare,thumbnails", "--pool", "prefork", "-c", "2"],
    "files": ["-Q", "files", "--pool", "prefork", "-c", "1"],
}


class Worker:
    """One worker process; ``log`` is all that it has printed."""

    def __init__(self, name: str, pool: str, redis_url: str, folder: Path, environment: dict[str, str]) -> None:
        self._log = folder / f"{name}.log"
        command = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "-n", f"{name}@test", *_POOLS[pool]]
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--without-gossip", "--without-mingle", "-l", "INFO"],
                stdout=output,
                stderr=output,
                env=os.environ | {"LOOKALIKE_REDIS_URL": redis_url} | environment,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def await_log(self, *words: str, timeout_s: float = 60) -> None:
        """Wait for a line with all of these words."""
        deadline = time.monotonic() + timeout_s
        while not any(all(word in line for word in words) for line in self.log.splitlines()):
            assert self.process.poll() is None, f"worker died:\n{self.log}"
            assert time.monotonic() < deadline, f"never logged {words}:\n{self.log[-4000:]}"
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


StartWorker = Callable[..., Worker]


@pytest.fixture
def start_worker(redis_url: str, ctx: Context, tmp_path: Path) -> Iterator[StartWorker]:
    """Start a worker: ``start_worker("extract", name="extract-2", LOOKALIKE_CHUNK_SIZE="4")``."""
    started: list[Worker] = []

    def start(pool: str, name: str | None = None, **environment: str) -> Worker:
        environment = {"LOOKALIKE_DATA": str(ctx.settings.data), "LOOKALIKE_DECODERS": "1"} | environment
        worker = Worker(name or pool, pool, redis_url, tmp_path, environment)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.process.terminate()
    for worker in started:
        worker.stop()


@pytest.fixture
def stack(start_worker: StartWorker) -> Callable[..., dict[str, Worker]]:
    """Start one worker of each kind with these settings and wait until they are ready."""

    def start(**environment: str) -> dict[str, Worker]:
        workers = {pool: start_worker(pool, **environment) for pool in _POOLS}
        for worker in workers.values():
            worker.await_log("ready")
        return workers

    return start


def await_end(ctx: Context, scan_id: str, timeout_s: float = 60) -> Progress:
    """Wait for a scan to end; its fraction must never fall on the way."""
    deadline, fraction = time.monotonic() + timeout_s, 0.0
    while True:
        progress = scans.progress(ctx, scan_id)
        assert progress.fraction >= fraction
        fraction = progress.fraction
        if progress.state in ENDED:
            return progress
        assert time.monotonic() < deadline, f"the scan did not end: {progress}"
        time.sleep(0.1)
