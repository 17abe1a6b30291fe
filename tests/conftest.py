"""What every test may use: a real Redis of its own, a context on it, and a library of real pictures."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from shared.context import Context, connect
from shared.redis_server import choose
from shared.settings import Settings

# A shell that starts the tests in its background lets them, and all that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED_DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A Redis server of this test's own, on a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:  # short: a socket's path has 107 bytes at most
        socket = Path(folder) / "redis.sock"
        server = subprocess.Popen(
            [str(choose(None).path), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL,
        )
        try:
            url = f"unix://{socket}"
            _await(url)
            yield url
        finally:
            server.terminate()
            server.wait(10)


def _await(url: str) -> None:
    deadline = time.monotonic() + 10
    with Redis.from_url(url) as redis:
        while True:
            try:
                redis.ping()
            except RedisError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.02)
            else:
                return


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder of this test's own."""
    data = tmp_path / "data"
    data.mkdir()
    return Settings(data=data, decoders=2)


@pytest.fixture
def ctx(redis_url: str, settings: Settings) -> Iterator[Context]:
    """A context on this test's Redis and data folder."""
    made = connect(settings, redis_url)
    yield made
    made.celery.close()
    made.redis.close()


@pytest.fixture(scope="session")
def keras() -> Any:
    """Keras, imported when a test first needs it: that takes seconds."""
    return pytest.importorskip("keras")


@pytest.fixture(scope="session")
def vgg16_weights(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seeded weights of VGG16's true shapes (half a gigabyte), with a top of other classes."""
    keras.utils.set_random_seed(7)
    path = tmp_path_factory.mktemp("weights") / "seeded.weights.h5"
    keras.applications.VGG16(weights=None, classes=3).save_weights(path)
    return path
