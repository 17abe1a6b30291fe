"""Connections to Redis do not wait for ever."""

from __future__ import annotations

import os
import signal
import time

import pytest
from redis import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared import broker
from shared.broker import connection_options


def test_a_frozen_redis_is_noticed(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "ANSWER_TIMEOUT_S", 0.2)
    with Redis.from_url(redis_url, **connection_options(redis_url)) as redis:
        server = int(redis.info("server")["process_id"])
        os.kill(server, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            with pytest.raises(RedisTimeoutError):
                redis.get("something")
            assert time.monotonic() - begun < 10
        finally:
            os.kill(server, signal.SIGCONT)


def test_a_connection_over_the_network_is_probed_while_it_waits() -> None:
    options = connection_options("redis://somewhere:6379/0")
    assert options["socket_keepalive"]
    assert len(options["socket_keepalive_options"]) >= 3
    assert "socket_keepalive" not in connection_options("unix:///somewhere.sock")
