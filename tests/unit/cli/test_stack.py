"""The supervisor, with real programs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import process
from cli.programs import Program
from cli.stack import Stack, answers, check_port
from shared.domain.errors import Unavailable
from shared.settings import Settings

SLEEPER = "import pathlib, os, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
PARENT = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', sys.argv[2], sys.argv[1]]); time.sleep(600)"
)
SUPERVISOR = """
import sys, time
from pathlib import Path
from cli.programs import Program
from cli.stack import Stack
from shared.settings import Settings
settings = Settings(data=Path(sys.argv[1]), redis_url="redis://unused")
with Stack(settings, "redis://unused", print) as stack:
    stack.start(Program("sleeper", (sys.executable, "-c", sys.argv[3], sys.argv[2])))
    stack.run()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", redis_url="redis://unused")


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def stack(settings: Settings, told: list[str]) -> Stack:
    return Stack(settings, "redis://unused", told.append)


def python(script: str, *arguments: object, name: str = "program") -> Program:
    return Program(name, (sys.executable, "-c", script, *map(str, arguments)))


def wait_until(condition: Callable[[], bool], timeout_s: float = 15.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def pid_in(file: Path) -> int:
    wait_until(lambda: file.exists() and file.read_text() != "")
    return int(file.read_text())


def lives(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_leaving_the_block_stops_every_program(stack: Stack, tmp_path: Path) -> None:
    with stack:
        for name in ("one", "two"):
            stack.start(python(SLEEPER, tmp_path / name, name=name))
        pids = [pid_in(tmp_path / "one"), pid_in(tmp_path / "two")]
        assert all(lives(pid) for pid in pids)
    assert not any(lives(pid) for pid in pids)


def test_programs_are_out_of_reach_of_the_terminal(stack: Stack, tmp_path: Path) -> None:
    with stack:
        stack.start(python(SLEEPER, tmp_path / "pid"))
        assert os.getsid(pid_in(tmp_path / "pid")) != os.getsid(0)


def test_a_program_that_will_not_stop_is_killed(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.stack.WARM_STOP_S", 0.3)
    with stack:
        stack.start(python(STUBBORN, tmp_path / "pid"))
        pid = pid_in(tmp_path / "pid")
    assert not lives(pid)


def test_what_a_program_started_is_stopped_with_it(stack: Stack, tmp_path: Path) -> None:
    with stack:
        stack.start(python(PARENT, tmp_path / "pid", STUBBORN))
        grandchild = pid_in(tmp_path / "pid")
    wait_until(lambda: not lives(grandchild))


def test_programs_end_with_a_supervisor_that_is_killed(settings: Settings, tmp_path: Path) -> None:
    arguments = (settings.data, tmp_path / "pid", STUBBORN)
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR, *map(str, arguments)]) as supervisor:
        pid = pid_in(tmp_path / "pid")
        supervisor.kill()
    wait_until(lambda: not lives(pid))


def test_a_program_that_dies_is_started_again_and_said_so(stack: Stack, told: list[str], tmp_path: Path) -> None:
    with stack:
        stack.start(python(SLEEPER, tmp_path / "pid", name="sleeper"))
        first = pid_in(tmp_path / "pid")
        (tmp_path / "pid").unlink()
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: stack.tend() is None and (tmp_path / "pid").exists())
        assert pid_in(tmp_path / "pid") != first
    assert len(told) == 1
    assert "sleeper ended (killed by SIGKILL) and is started again" in told[0]


def test_a_program_that_keeps_dying_is_given_up_with_the_end_of_its_log(
    stack: Stack, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PAUSES_S", (0.0, 0.0))
    script = "import sys; print('once', file=open(sys.argv[1], 'a')); sys.exit('no such thing as luck')"
    with stack:
        stack.start(python(script, tmp_path / "starts"))
        with pytest.raises(Unavailable, match=r"(?s)exit status 1.*no such thing as luck"):
            stack.run()
    assert (tmp_path / "starts").read_text().split() == ["once"] * 3
    assert len(told) == 2


def test_pauses_between_starts_grow(settings: Settings, tmp_path: Path) -> None:
    settings.data.mkdir()
    word = tmp_path / "word"
    os.mkfifo(word)
    script = "import sys; open(sys.argv[1]).read(); sys.exit(1)"  # dies at our word only, however busy the machine
    kept = process.Process(python(script, word), dict(os.environ), settings.data)

    def die() -> None:
        word.write_text("")
        wait_until(kept.ended)

    now, pauses = 0.0, []
    kept.start(now)
    for _ in process.PAUSES_S:
        die()
        assert kept.tend(now) is not None
        died = now
        while kept.ended():
            now += 0.125
            kept.tend(now)
        pauses.append(now - died)
    assert pauses == list(process.PAUSES_S)
    die()
    with pytest.raises(Unavailable):
        kept.tend(now)


def test_wrong_settings_are_not_tried_again(stack: Stack, told: list[str]) -> None:
    with stack:
        stack.start(python("import sys; print('LOOKALIKE_PORT=x'); sys.exit(2)"))
        with pytest.raises(Unavailable, match="LOOKALIKE_PORT=x"):
            stack.run()
    assert told == []


def test_programs_are_told_which_redis_and_which_data_folder(stack: Stack, settings: Settings, tmp_path: Path) -> None:
    script = (
        "import os, sys; open(sys.argv[1], 'w').write(os.environ['LOOKALIKE_DATA'] + os.environ['LOOKALIKE_REDIS_URL'])"
    )
    with stack:
        stack.start(python(script, tmp_path / "seen"))
        wait_until(lambda: (tmp_path / "seen").exists() and (tmp_path / "seen").read_text() != "")
    assert (tmp_path / "seen").read_text() == f"{settings.data}redis://unused"


def test_a_large_log_is_put_aside_at_the_start(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LARGEST_LOG", 10)
    with stack:
        (stack.logs / "program.log").write_text("of days gone by")
        stack.start(python(SLEEPER, tmp_path / "pid"))
        pid_in(tmp_path / "pid")
    assert (stack.logs / "program.old.log").read_text() == "of days gone by"
    assert (stack.logs / "program.log").read_text() == ""


def test_a_port_in_use_is_named_with_the_way_to_choose_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert answers("127.0.0.1", port)
        with pytest.raises(Unavailable, match=rf"Port {port} on 127\.0\.0\.1 is in use.*--port"):
            check_port("127.0.0.1", port, "--port")
    check_port("127.0.0.1", port, "--port")
    assert not answers("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(Unavailable, match="cannot be used"):
        check_port("192.0.2.1", 5000, "--port")
