"""The network between a worker and Redis is cut, and Redis hangs up meanwhile; the worker comes back by itself.

The worker lives in a network namespace of its own; its cable is pulled at the other end, so that its packets are
lost without a word, as they are when a switch fails. Linux, as root; skipped elsewhere.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis

from cli.programs import Program, worker
from shared.redis_server import choose
from tests.faults.rig import LEASE_S, free_port, programs, running
from tests.faults.table import MOMENTS, survived

HERE, THERE = "10.231.77.1", "10.231.77.2"
BACK_S = 90.0
"""Keepalive, the retries of Celery, and a machine that has other work."""


@dataclass(frozen=True, slots=True)
class Cable:
    """A network namespace and the near end of the cable that leads into it."""

    namespace: str
    near: str

    def pull(self) -> None:
        _ip("link", "set", self.near, "down")

    def plug(self) -> None:
        _ip("link", "set", self.near, "up")

    def inside(self, program: Program, port: int) -> Program:
        """A program at the far end, with the Redis of this port at the near one."""
        command = ("ip", "netns", "exec", self.namespace, *program.command)
        return Program(f"{program.name}-far", command, {"LOOKALIKE_REDIS_URL": f"redis://{HERE}:{port}/0"})


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def cable() -> Iterator[Cable]:
    made = Cable(f"lookalike-{os.getpid()}", f"ll{os.getpid()}a")
    try:
        _ip("netns", "add", made.namespace)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine does not let tests make network namespaces")
    try:
        far = f"ll{os.getpid()}b"
        _ip("link", "add", made.near, "type", "veth", "peer", "name", far, "netns", made.namespace)
        _ip("addr", "add", f"{HERE}/30", "dev", made.near)
        _ip("link", "set", made.near, "up")
        _ip("-n", made.namespace, "addr", "add", f"{THERE}/30", "dev", far)
        _ip("-n", made.namespace, "link", "set", far, "up")
        yield made
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine does not let tests make network cables: {error.stderr!r}")
    finally:
        subprocess.run(["ip", "netns", "del", made.namespace], check=False, capture_output=True)


@pytest.fixture
def redis_port(cable: Cable, tmp_path: Path) -> Iterator[int]:
    """The port of a Redis that both ends of the cable can reach."""
    port = free_port()
    command = [str(choose(None).path), "--port", str(port), "--bind", "127.0.0.1", HERE, "--protected-mode", "no"]
    server = subprocess.Popen([*command, "--save", "", "--dir", str(tmp_path)], stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def test_a_scan_survives_a_cut_and_the_worker_comes_back(
    cable: Cable, redis_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = cable.inside(worker("extract", "far"), redis_port)
    times = max(1, MOMENTS // 5)
    with running(tmp_path, monkeypatch, [*programs(), far], f"redis://127.0.0.1:{redis_port}/0") as rig:
        rig.run(lambda: _connections(rig.ctx.redis) != [])
        for turn in range(times):
            rig.salt()
            scan_id = rig.request()
            assert rig.reach(scan_id, 0.1 + 0.4 * turn / times)
            cable.pull()
            _hang_up(rig.ctx.redis)  # it is not told
            rig.check(scan_id)
            until = time.monotonic() + 3 * LEASE_S
            rig.run(lambda: time.monotonic() > until)  # noqa: B023  # called at once
            cable.plug()
            rig.run(lambda: _consumes(rig.ctx.redis), BACK_S)
    survived("network between a worker and Redis cut, while Redis hangs up", times,
             "others finish the scan, same result; the worker comes back by itself")  # fmt: skip


def _connections(redis: Redis) -> list[dict[str, str]]:
    """What the worker at the far end has open."""
    return [client for client in redis.client_list() if client["addr"].startswith(THERE)]


def _hang_up(redis: Redis) -> None:
    for client in _connections(redis):
        redis.client_kill_filter(addr=client["addr"])


def _consumes(redis: Redis) -> bool:
    """Whether the worker at the far end waits for tasks."""
    return any(client["cmd"].startswith("brpop") for client in _connections(redis))
