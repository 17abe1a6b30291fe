"""``python -m web`` as a process: it serves, it says what is wrong, it stops when asked."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(tmp_path: Path, **settings: str) -> subprocess.Popen[str]:
    environment = os.environ | {"LOOKALIKE_DATA": str(tmp_path)}
    environment |= {f"LOOKALIKE_{name.upper()}": value for name, value in settings.items()}
    return subprocess.Popen([sys.executable, "-m", "web"], env=environment, stderr=subprocess.PIPE, text=True)


def refused(tmp_path: Path, **settings: str) -> tuple[int, str]:
    process = start(tmp_path, **settings)
    _, complaint = process.communicate(timeout=30)
    return process.returncode, complaint


def test_it_serves_and_ends_when_asked(tmp_path: Path, redis_url: str) -> None:
    port = free_port()
    process = start(tmp_path, redis_url=redis_url, port=str(port))
    try:
        assert answer(f"http://127.0.0.1:{port}/readyz") == "ready\n"
    finally:
        process.terminate()
        process.communicate(timeout=10)


def answer(address: str) -> str:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310 - our own server
                return str(response.read().decode())
        except urllib.error.URLError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.1)


def test_without_a_redis_it_says_what_to_set(tmp_path: Path) -> None:
    status, complaint = refused(tmp_path, redis_url="")
    assert status == 2
    assert "LOOKALIKE_REDIS_URL" in complaint
    assert "Traceback" not in complaint


def test_a_reachable_address_is_refused_without_allowed_hosts(tmp_path: Path, redis_url: str) -> None:
    status, complaint = refused(tmp_path, redis_url=redis_url, host="0.0.0.0")  # noqa: S104 - what is tested
    assert status == 2
    assert "LOOKALIKE_ALLOWED_HOSTS" in complaint


def test_a_reachable_address_is_refused_without_a_password(tmp_path: Path, redis_url: str) -> None:
    exposed = {"redis_url": redis_url, "host": "0.0.0.0", "allowed_hosts": "pictures.example"}  # noqa: S104 - what is tested
    status, complaint = refused(tmp_path, **exposed)
    assert status == 2
    assert "LOOKALIKE_PASSWORD" in complaint
    status, complaint = refused(tmp_path, **exposed, password_file=str(tmp_path / "missing"))
    assert status == 2
    assert "LOOKALIKE_PASSWORD_FILE" in complaint


def test_a_password_file_lets_it_be_reached(tmp_path: Path, redis_url: str) -> None:
    (tmp_path / "password").write_text("open sesame\n")
    port = free_port()
    process = start(
        tmp_path, redis_url=redis_url, port=str(port), host="0.0.0.0", allowed_hosts="pictures.example",  # noqa: S104
        password_file=str(tmp_path / "password"),
    )  # fmt: skip
    try:
        assert answer(f"http://127.0.0.1:{port}/readyz") == "ready\n"
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_port_in_use_is_said(tmp_path: Path, redis_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, complaint = refused(tmp_path, redis_url=redis_url, port=str(taken.getsockname()[1]))
    assert status == 1
    assert "port" in complaint
    assert "Traceback" not in complaint
