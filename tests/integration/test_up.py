"""The whole stack on one machine, as people start it: ``lookalike up``, ``scan``, ``find``."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from cli.stack import answers
from shared.embedded import redis_for
from shared.settings import Settings
from tests import pictures

LOOKALIKE = [sys.executable, "-m", "cli.main"]
REPOSITORY = Path(__file__).parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOOKALIKE_")}
    yield environment | {
        "LOOKALIKE_DATA": str(tmp_path / "data"),
        "LOOKALIKE_PORT": str(free_port()),
        "LOOKALIKE_FLOWER_PORT": str(free_port()),
        "LOOKALIKE_FLOWER_PASSWORD": "open sesame",
    }
    with redis_for(Settings(data=tmp_path / "data")):  # stops a server that a test has orphaned
        pass


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    pictures.library(folder, count=8)
    return folder


def processes(environment: dict[str, str]) -> dict[int, str]:
    """Every living process that was given this data folder or works in it, and its command line."""
    data = environment["LOOKALIKE_DATA"]
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is someone else's
            given = f"LOOKALIKE_DATA={data}\0".encode() in (folder / "environ").read_bytes()
            # Redis writes its title over its environment
            if given or str((folder / "cwd").readlink()).startswith(data):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def wait_until(condition: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@contextlib.contextmanager
def up(environment: dict[str, str], *arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """``lookalike up``, ready; with the lines that it prints. Stopped at the end, if it still runs."""
    command = [*LOOKALIKE, "up", *arguments]
    with subprocess.Popen(
        command, env=environment, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        lines: list[str] = []
        assert process.stdout is not None
        reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")))
        reader.start()
        try:
            wait_until(lambda: any("Ready" in line for line in lines) or process.poll() is not None, 60)
            yield process, lines
        finally:
            process.terminate()
            reader.join(30)


def get(port: str, path: str, password: str | None = None) -> tuple[int, str]:
    headers = {}
    if password is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(f'lookalike:{password}'.encode()).decode()}"
    with contextlib.closing(HTTPConnection("127.0.0.1", int(port), timeout=20)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


def lookalike(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*LOOKALIKE, *map(str, arguments)]
    return subprocess.run(
        command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )


def test_up_starts_page_and_flower_and_ctrl_c_leaves_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    page, flower = environment["LOOKALIKE_PORT"], environment["LOOKALIKE_FLOWER_PORT"]
    with up(environment) as (process, lines):
        assert get(page, "/readyz")[0] == 200
        assert "demo" in get(page, "/api/libraries")[1]
        wait_until(lambda: answers("127.0.0.1", int(flower)), 30)
        assert get(flower, "/workers")[0] == 401
        assert get(flower, "/workers", "wrong")[0] == 401
        assert get(flower, "/workers", "open sesame")[0] == 200
        wait_until(lambda: workers_ready(environment), 60)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert time.monotonic() - asked < 15
    assert processes(environment) == {}
    told = "".join(lines)
    assert f"http://127.0.0.1:{page}" in told
    assert f"http://127.0.0.1:{flower}  user lookalike, password open sesame" in told
    assert str(tmp_path / "data" / "demo") in told
    assert "Traceback" not in told


def test_a_killed_supervisor_leaves_no_process_but_the_server_that_the_next_one_stops(
    environment: dict[str, str], library: Path
) -> None:
    with up(environment, str(library)) as (process, _):
        wait_until(lambda: workers_ready(environment), 60)
        process.kill()
        process.wait()
        wait_until(lambda: all("redis-server" in command for command in processes(environment).values()), 20)
    assert lookalike(environment, "trash", "list").returncode == 0
    assert processes(environment) == {}


def workers_ready(environment: dict[str, str]) -> bool:
    logs = [
        Path(environment["LOOKALIKE_DATA"], "logs", f"worker-{role}.log") for role in ("extract", "compare", "files")
    ]
    return all(log.exists() and "ready." in log.read_text() for log in logs)


def test_a_redis_that_is_killed_is_started_again_and_the_page_recovers(environment: dict[str, str]) -> None:
    with up(environment):
        page = environment["LOOKALIKE_PORT"]
        (server,) = [pid for pid, command in processes(environment).items() if "redis-server" in command]
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: server not in processes(environment), 10)
        wait_until(lambda: any("redis-server" in command for command in processes(environment).values()), 20)
        wait_until(lambda: get(page, "/readyz")[0] == 200, 20)
        assert "demo" in get(page, "/api/libraries")[1]


def test_a_port_in_use_is_said_at_once(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = lookalike(environment, "up", "--port", port)
    assert result.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use" in result.stderr
    assert not Path(environment["LOOKALIKE_DATA"]).exists()


def test_scan_starts_what_it_needs_writes_the_result_and_stops_it(
    environment: dict[str, str], library: Path, tmp_path: Path
) -> None:
    result = lookalike(environment, "scan", library, "--output", tmp_path / "out.json")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["version"] == 1
    unused = [file for file in document["unreadable"] if "What is left of it was compared" not in file["reason"]]
    assert document["images"] + len(unused) == sum(path.is_file() for path in library.rglob("*"))
    assert len(document["groups"]) == 4
    assert processes(environment) == {}


def test_find_shows_the_matches_of_one_image_best_first(environment: dict[str, str], library: Path) -> None:
    image = next(path for path in sorted(library.rglob("*.jpg")) if path.stat().st_size)
    result = lookalike(environment, "find", image, library)
    assert result.returncode == 0, result.stderr
    assert "100 %" in result.stdout.splitlines()[0]
    assert "among" in result.stdout
    assert processes(environment) == {}


def test_two_scans_of_one_data_folder_at_once_both_end_well(
    environment: dict[str, str], library: Path, tmp_path: Path
) -> None:
    commands = [[*LOOKALIKE, "scan", str(library), "--output", str(tmp_path / f"{n}.json")] for n in range(2)]
    both = [subprocess.Popen(command, env=environment, cwd=REPOSITORY) for command in commands]
    assert [process.wait(120) for process in both] == [0, 0]
    results = [json.loads((tmp_path / f"{n}.json").read_text()) for n in range(2)]
    assert results[0] == results[1]
    assert processes(environment) == {}


def test_ctrl_c_cancels_a_scan_and_leaves_nothing(environment: dict[str, str], library: Path) -> None:
    command = [*LOOKALIKE, "scan", str(library)]
    with subprocess.Popen(command, env=environment, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: (Path(environment["LOOKALIKE_DATA"]) / "logs" / "worker-files.log").exists(), 30)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told == "Stopped.\n"
    assert processes(environment) == {}


def test_scan_uses_workers_that_run_already(environment: dict[str, str], library: Path, tmp_path: Path) -> None:
    commands: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            commands.update(processes(environment).values())

    with up(environment):
        wait_until(lambda: workers_ready(environment), 60)
        watcher = threading.Thread(target=watch)
        watcher.start()
        result = lookalike(environment, "scan", library, "--output", tmp_path / "out.json")
        done.set()
        watcher.join()
        assert result.returncode == 0, result.stderr
        assert any("cli.main scan" in command for command in commands)
        assert not any(re.search(r" -n (extract|compare|files)-", command) for command in commands)
        assert get(environment["LOOKALIKE_PORT"], "/readyz")[0] == 200
