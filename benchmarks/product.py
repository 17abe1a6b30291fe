"""The product itself: an embedded Redis and real workers on a data folder of their own, asked for scans as by anybody.

What is measured ends where comparison begins; the scan is cancelled there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import psutil

from benchmarks.machine import peak_mb
from cli.programs import worker
from cli.session import Session, served_queues, session
from cli.stack import Stack
from shared.domain.scan import ENDED, PHASES, Folder, Phase, Preset, ScanRequest, State
from shared.names import EXTRACT_QUEUE, QUEUES
from shared.services import libraries, scans
from shared.settings import Settings
from shared.store import scans as store

_PERIOD_S = 0.005
_SAMPLE_S = 0.2
_LONGEST_S = 600.0


@dataclass
class Memory:
    """Of the extraction worker, in MB: ``peak`` of itself, ``decoders`` of its decoder processes together.

    ``samples`` are (images done, MB of the worker now).
    """

    peak: float = 0.0
    decoders: float = 0.0
    samples: list[tuple[int, float]] = field(default_factory=list)

    def slope(self) -> float:
        """MB for each 1,000 images more, over the later half of the samples."""
        later = np.array(self.samples[len(self.samples) // 2 :], float).reshape(-1, 2)
        if len(later) < 3 or np.ptp(later[:, 0]) == 0:
            return 0.0
        return float(1000 * np.polyfit(later[:, 0], later[:, 1], 1)[0])


@dataclass
class Extraction:
    """``extract_s`` is the phase alone, ``whole_s`` from the request to the beginning of the comparison."""

    images: int
    extract_s: float
    whole_s: float
    memory: Memory

    @property
    def rate(self) -> float:
        return self.images / self.extract_s


class Product:
    """Running workers. One scan at a time."""

    def __init__(self, session: Session, stack: Stack) -> None:
        self.ctx = session.ctx
        self._stack = stack

    def tend(self) -> None:
        """Call it often: workers that died are started again."""
        self._stack.tend()

    def scan(self, folder: Path, preset: Preset, model: str = "VGG16") -> Extraction:
        """Scan a folder as far as the comparison."""
        library = libraries.add(self.ctx, folder)
        memory, started = Memory(), dict[Phase, float]()
        wanted = ScanRequest(folders=(Folder(library.id),), preset=preset, model=model)
        asked = time.time()
        scan_id = scans.request(self.ctx, wanted)
        for fields in self._followed(scan_id, memory):
            started[Phase(fields["phase"])] = float(fields["phase_started"])
        after = min((at for phase, at in started.items() if PHASES.index(phase) > PHASES.index(Phase.EXTRACT)))
        images = int(store.fields(self.ctx.redis, scan_id)["images_done"])
        self._cancel(scan_id)
        compared = min(at for phase, at in started.items() if PHASES.index(phase) > PHASES.index(Phase.INDEX))
        return Extraction(images, after - started.get(Phase.EXTRACT, after), compared - asked, memory)

    def _followed(self, scan_id: str, memory: Memory) -> Iterator[dict[str, str]]:
        process = _extraction_worker()
        deadline, sampled = time.monotonic() + _LONGEST_S, 0.0
        while True:
            self.tend()
            fields = store.fields(self.ctx.redis, scan_id)
            if fields["state"] == State.FAILED:
                raise RuntimeError(fields.get("error_message"))
            yield fields
            now = time.monotonic()
            if now - sampled > _SAMPLE_S:
                sampled = now
                _sample(process, int(fields.get("images_done", 0)), memory)
            if State(fields["state"]) in ENDED or PHASES.index(Phase(fields["phase"])) >= PHASES.index(Phase.COMPARE):
                _sample(process, int(fields.get("images_done", 0)), memory)
                return
            if now > deadline:
                raise RuntimeError("the scan takes too long")
            time.sleep(_PERIOD_S)

    def _cancel(self, scan_id: str) -> None:
        scans.cancel(self.ctx, scan_id)
        time.sleep(0.5)  # what is under way ends


@contextmanager
def product(settings: Settings) -> Iterator[Product]:
    """Start everything, wait until every queue is served, stop everything."""
    with session(replace(settings, redis_url=None)) as here, Stack(here.settings, here.redis_url, print) as stack:
        for role in ("extract", "compare", "files"):
            stack.start(worker(role))
        while not served_queues(here.ctx).issuperset(QUEUES):
            stack.tend()
        yield Product(here, stack)


def _extraction_worker() -> psutil.Process:
    for process in psutil.Process().children():
        command = process.cmdline()
        if "-Q" in command and command[command.index("-Q") + 1] == EXTRACT_QUEUE:
            return process
    raise RuntimeError("no extraction worker runs")


def _sample(worker: psutil.Process, images: int, memory: Memory) -> None:
    memory.samples.append((images, worker.memory_info().rss / 1e6))
    memory.peak = max(memory.peak, peak_mb(worker.pid))
    memory.decoders = max(memory.decoders, sum(peak_mb(child.pid) for child in worker.children()))
