"""One engine and one library for all tests of a run; the stack is built once."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.pictures import photo
from tests.stack.engine import NoEngine, engine
from tests.stack.stack import REPOSITORY, Stack, run

OWNER = 1234
"""Neither root nor the user of the image: ``user:`` may name anyone."""
PICTURES = 240
COPIED = 40
FOLDER = Path(os.environ.get("LOOKALIKE_TEST_ENGINE", Path(tempfile.gettempdir()) / "lookalike-test-engine"))
PIP_CONF = "[global]\ntimeout = 61"
"""Passed to the builds to see that they leave no trace of it."""


@pytest.fixture(scope="session")
def docker() -> Iterator[Mapping[str, str]]:
    """The environment in which docker reaches an engine that has the base images."""
    try:
        with engine(FOLDER) as environment:
            made = subprocess.run(
                [REPOSITORY / "tests" / "stack" / "base-images.sh", FOLDER],
                env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if made.returncode != 0:
                pytest.skip(f"No base images: {made.stderr.strip()}")
            yield environment
    except NoEngine as reason:
        pytest.skip(str(reason))


def _composes() -> list[tuple[str, ...]]:
    """The Composes of this machine: version 2 is a plugin of docker, version 1 a program of its own."""
    candidates = (("docker", "compose"), ("docker-compose",))
    return [c for c in candidates if _runs([*c, "version"])]


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="session", params=_composes() or [None], ids=lambda c: "none" if c is None else " ".join(c))
def compose(request: pytest.FixtureRequest) -> tuple[str, ...]:
    if request.param is None:
        pytest.skip("There is no Compose. Install it (Debian: apt install docker-compose).")
    found: tuple[str, ...] = request.param
    return found


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PICTURES photographs, the first COPIED of which have two copies each: the same bytes, and half the size."""
    root = tmp_path_factory.mktemp("library")
    for seed in range(PICTURES):
        picture = photo(seed)
        picture.save(root / f"{seed:03}.jpg", quality=92)
        if seed < COPIED:
            (root / f"{seed:03}-copy.jpg").write_bytes((root / f"{seed:03}.jpg").read_bytes())
            picture.resize((160, 120)).save(root / f"{seed:03}-small.jpg", quality=88)
    (root / "torn.jpg").write_bytes((root / "100.jpg").read_bytes()[:2000])
    return root


@pytest.fixture(scope="session")
def built(docker: Mapping[str, str], compose: tuple[str, ...], library: Path) -> Iterator[Stack]:
    """The stack with its images built from this working tree, not yet running; its volumes are removed at the end."""
    run(["chown", "-R", f"{OWNER}:{OWNER}", str(library)], os.environ)
    settings = {
        "LIBRARY": str(library),
        "OWNER": f"{OWNER}:{OWNER}",
        "WEB_PORT": str(_free_port()),
        "FLOWER_PORT": str(_free_port()),
        "CA_CERTIFICATES": _authorities(),
        "PIP_CONF": PIP_CONF,
        **{name: secrets.token_hex(12) for name in ("WEB_PASSWORD", "REDIS_PASSWORD", "FLOWER_PASSWORD")},
    }
    stack = Stack(compose, {**docker, **settings})
    stack("build")
    yield stack
    stack("down", "--volumes", "--remove-orphans")


def _authorities() -> str:
    """Authorities that this machine trusts beside the public ones, as Debian keeps them; pip meets them here."""
    folder = Path("/usr/local/share/ca-certificates")
    return "".join(file.read_text() for file in sorted(folder.glob("**/*.crt")))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
