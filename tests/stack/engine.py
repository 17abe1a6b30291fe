"""A Docker engine: the one that runs here, or one of Debian's started by hand for as long as the tests last.

Invariant: an engine that was started here is stopped here, and no other; its images stay in its folder, so that the
next run builds nothing anew (``make clean-stack`` removes them).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_START_S = 60.0


class NoEngine(Exception):
    """There is none, and none can be started; the message says why."""


@contextmanager
def engine(folder: Path) -> Iterator[Mapping[str, str]]:
    """The environment in which ``docker`` and Compose reach an engine.

    Args:
        folder: for the data of an engine that is started here.

    Raises:
        NoEngine: there is none, and none can be started.
    """
    if shutil.which("docker") is None:
        raise NoEngine("There is no docker command. Install Docker (Debian: apt install docker.io docker-compose).")
    if _answers(os.environ):
        yield os.environ
        return
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        raise NoEngine("No Docker engine answers, and starting one takes root and dockerd (Debian: docker.io).")
    with _started(folder) as environment:
        yield environment


@contextmanager
def _started(folder: Path) -> Iterator[Mapping[str, str]]:
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"DOCKER_HOST": f"unix://{folder}/docker.sock"}
    # its own process group, so that Ctrl-C ends the tests first; the limits are those that containers start with
    command = [
        *("dockerd", "--host", environment["DOCKER_HOST"], "--pidfile", f"{folder}/pid"),
        *("--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"),
        *("--default-ulimit", "nofile=20000:20000", "--default-ulimit", "nproc=4096:4096"),
    ]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _await(daemon, environment, folder / "log")
        yield environment
    finally:
        daemon.terminate()
        daemon.wait(60)


def _await(daemon: subprocess.Popen[bytes], environment: Mapping[str, str], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while not _answers(environment):
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise NoEngine(f"dockerd does not start here: {log.read_text(errors='replace')[-500:]}")
        time.sleep(0.2)


def _answers(environment: Mapping[str, str]) -> bool:
    return subprocess.run(["docker", "info"], env=environment, capture_output=True, check=False).returncode == 0
