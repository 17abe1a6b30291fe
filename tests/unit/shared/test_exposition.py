"""Metrics on a port of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, Counter

from shared import exposition
from shared.domain.errors import Unavailable
from shared.settings import Settings


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free: int = server.getsockname()[1]
        return free


def test_values_are_served_on_loopback(settings: Settings, port: int) -> None:
    values = CollectorRegistry()
    Counter("seen", "What was seen.", registry=values).inc(3)
    exposition.serve(replace(settings, metrics_port=port), values)
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert b"seen_total 3.0" in answer.read()


def test_nothing_listens_without_a_port(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposition, "start_http_server", lambda *_: pytest.fail("something listens"))
    exposition.serve(settings, CollectorRegistry())
    assert exposition.environment(settings) == {}


def test_a_port_that_is_taken_is_told_with_its_setting(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = replace(settings, metrics_port=taken.getsockname()[1])
        with pytest.raises(Unavailable, match="LOOKALIKE_METRICS_PORT"):
            exposition.serve(wanted, CollectorRegistry())


def test_what_every_process_of_a_worker_counts_is_added_up(settings: Settings) -> None:
    environment = os.environ | exposition.environment(replace(settings, metrics_port=1))
    script = """
import os
from prometheus_client import generate_latest
from shared import exposition
from shared.domain.scan import Phase
from shared.store.scans import Found
from workers import metrics
for pairs in (3, 4):
    child = os.fork()
    if child == 0:
        metrics.found(Phase.COMPARE, Found(add={"pairs_done": pairs}))
        os._exit(0)
    os.waitpid(child, 0)
print(generate_latest(exposition.registry()).decode())
"""
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert "lookalike_pairs_total 7.0" in told.stdout
    assert not Path(environment["PROMETHEUS_MULTIPROC_DIR"]).exists()
