"""The programs that make up Lookalike: which command starts each of them, on this machine or in a container."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.names import COMPARE_QUEUE, EXTRACT_QUEUE, FILES_QUEUE, THUMBNAILS_QUEUE
from shared.settings import PREFIX, Settings

FLOWER_USER = "lookalike"


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of worker. ``pool`` is Celery's; ``processes`` None stands for one a core."""

    queues: tuple[str, ...]
    pool: str
    processes: int | None


ROLES: dict[str, Role] = {
    # one network a host or GPU, in threads: TensorFlow does not survive a fork. Two, which share the network and the
    # decoders: while one chunk is embedded and written down, the files of the next are read
    "extract": Role((EXTRACT_QUEUE,), "threads", 2),
    "compare": Role((COMPARE_QUEUE, THUMBNAILS_QUEUE), "prefork", None),
    # one process: files are moved one batch after the other
    "files": Role((FILES_QUEUE,), "prefork", 1),
}


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run: ``command`` and what its environment has beside that of its parent."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # it may hold a password


def worker_command(role: str, node: str) -> tuple[str, ...]:
    """The command of a worker of a role (a key of ROLES) under a node name that no other worker of its host has."""
    wanted = ROLES[role]
    return (
        *(sys.executable, "-m", "celery", "--quiet", "-A", "workers.app", "worker"),
        *("-Q", ",".join(wanted.queues), "--pool", wanted.pool, "-c", str(wanted.processes or cores())),
        *("-n", f"{node}@%h", "--without-mingle", "--without-gossip"),
    )


def worker(role: str, node: str | None = None) -> Program:
    # one port cannot serve several workers of one machine, so that here the page alone tells Prometheus
    return Program(f"worker-{role}", worker_command(role, node or role), {f"{PREFIX}METRICS_PORT": ""})


def web() -> Program:
    return Program("web", (sys.executable, "-m", "web"))


def flower(settings: Settings, password: str) -> Program:
    """Flower, on loopback alone and never without a password: whoever reaches it may stop tasks."""
    command = (sys.executable, "-m", "celery", "-A", "cli.monitor", "flower")
    listen = ("--address=127.0.0.1", f"--port={settings.flower_port}")
    # by environment, since command lines are there for all to read
    return Program("flower", (*command, *listen), {"FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{password}"})


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
