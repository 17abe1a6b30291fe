"""A whole stack that is disturbed: the supervisor of ``lookalike up`` with its own Redis, workers and page.

Invariant: every scan of a rig has the same right answer. Before each, some bytes are appended to every picture,
behind its end, so that all contents are new and nothing is reused, while what they show stays the same.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from cli import process
from cli.programs import ROLES, Program, web, worker
from cli.session import Session, session
from cli.stack import Stack
from shared.domain.model import Library
from shared.domain.progress import Progress
from shared.domain.scan import ENDED, Folder, Preset, ScanRequest, State
from shared.services import libraries, scans
from shared.settings import Settings
from tests import pictures

LEASE_S = 2.0
DEADLINE_S = 90.0
"""For a scan of seconds that is disturbed on a machine that has other work."""
_PERIOD_S = 0.01
_SPOILT = ("notes.txt", "torn.jpg", "empty.png")


def settings(data: Path) -> Settings:
    """Small chunks, blocks and leases, so that a small scan has many units and a lost one is soon missed."""
    return Settings(data=data, lease_s=LEASE_S, chunk_size=4, block_size=8, decoders=1, port=free_port())


class Rig:
    """A library, and the programs that scan it, kept running while :meth:`run` is called."""

    def __init__(self, here: Session, stack: Stack, root: Path) -> None:
        self.ctx = here.ctx
        self.stack = stack
        self.root = root
        self.library: Library = libraries.add(here.ctx, root)
        self._salts = 0
        self._kept = self._contents()
        self.reference: dict[str, Any] = {}

    def salt(self) -> None:
        """Make every picture a new content that shows the same."""
        self._salts += 1
        for path in sorted(self.root.rglob("*.*")):
            if path.name in _SPOILT or not path.is_file():
                continue
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_bytes(path.read_bytes() + self._salts.to_bytes(8, "little"))
            os.utime(fresh, (1_600_000_000 + self._salts,) * 2)
            fresh.replace(path)
        self._kept = self._contents()

    def request(self, **change: Any) -> str:
        return scans.request(
            self.ctx, ScanRequest(folders=(Folder(self.library.id),), **({"preset": Preset.NEAR} | change))
        )

    def progress(self, scan_id: str) -> Progress | None:
        """None while Redis is down."""
        with suppress(RedisError):
            return scans.progress(self.ctx, scan_id)
        return None

    def run(self, until: Callable[[], bool], timeout_s: float = DEADLINE_S) -> None:
        """Keep the programs running until something holds."""
        deadline = time.monotonic() + timeout_s
        while not until():
            assert time.monotonic() < deadline, f"it did not come about in {timeout_s} s:\n{self.words()}"
            self.stack.tend()
            time.sleep(_PERIOD_S)

    def reach(self, scan_id: str, fraction: float) -> bool:
        """Wait until a scan has come so far; False where it had ended by then."""
        seen: list[Progress] = []

        def reached() -> bool:
            progress = self.progress(scan_id)
            if progress is not None:
                seen.append(progress)
            return bool(seen) and (seen[-1].fraction >= fraction or seen[-1].state in ENDED)

        self.run(reached)
        return seen[-1].state not in ENDED

    def end(self, scan_id: str, timeout_s: float = DEADLINE_S) -> Progress:
        """Wait until a scan has ended, in whatever way."""

        def ended() -> bool:
            progress = self.progress(scan_id)
            return progress is not None and progress.state in ENDED

        self.run(ended, timeout_s)
        progress = self.progress(scan_id)
        assert progress is not None
        return progress

    def check(self, scan_id: str) -> None:
        """A scan ended well, says the same as the undisturbed one, and no picture is gone."""
        progress = self.end(scan_id)
        assert progress.state is State.DONE, f"{progress.error_message}\n{self.words()}"
        changes = difflib.unified_diff(
            _lines(self.reference), _lines(scans.result(self.ctx, scan_id)), lineterm="", n=1
        )
        different = "\n".join(changes)
        assert not different, different
        assert self.lost() == 0

    def lost(self) -> int:
        """Pictures whose bytes are not there any more."""
        there = self._contents()
        return sum(there.get(path) != digest for path, digest in self._kept.items())

    def _contents(self) -> dict[Path, bytes]:
        return {path: hashlib.sha256(path.read_bytes()).digest() for path in self.root.rglob("*") if path.is_file()}

    def words(self) -> str:
        """The last words of every program."""
        logs = sorted(self.stack.logs.glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs)


def programs(twice: bool = False) -> list[Program]:
    """What ``lookalike up`` runs; ``twice`` adds a second worker of each role, named ``other-…``."""
    others = [worker(role, f"other-{role}") for role in ROLES] if twice else []
    return [*(worker(role) for role in ROLES), *others, web()]


@contextmanager
def running(
    folder: Path, monkeypatch: pytest.MonkeyPatch, what: Iterable[Program], redis_url: str | None = None
) -> Iterator[Rig]:
    """A rig with these programs that has made one undisturbed scan."""
    mine = replace(settings(folder / "data"), redis_url=redis_url)
    for name in ("lease_s", "chunk_size", "block_size", "decoders"):
        monkeypatch.setenv(f"LOOKALIKE_{name.upper()}", str(getattr(mine, name)))
    # a program that the tests kill ten times in a minute is none that keeps dying
    monkeypatch.setattr(process, "STEADY_S", 0.0)
    pictures.library(folder / "library", count=32, size=(640, 480))
    with session(mine) as here, Stack(mine, here.redis_url, print) as stack:
        for program in what:
            stack.start(program)
        rig = Rig(here, stack, folder / "library")
        rig.salt()
        first = rig.request()
        assert rig.end(first).state is State.DONE, rig.words()
        rig.reference = scans.result(rig.ctx, first)
        yield rig


def _lines(result: dict[str, Any]) -> list[str]:
    """A result as lines; which side of a pair comes first goes by digest, and so changes with the salt."""
    pairs = [{**pair, **dict(zip(("a", "b"), sorted((pair["a"], pair["b"])), strict=True))} for pair in result["pairs"]]
    plain = [{name: value for name, value in pair.items() if not name.endswith("_b64")} for pair in pairs]
    ordered = result | {"pairs": sorted(plain, key=lambda pair: (pair["a"], pair["b"]))}
    return json.dumps(ordered, indent=1, sort_keys=True).splitlines()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
