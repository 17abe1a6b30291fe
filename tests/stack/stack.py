"""The compose stack under test: its commands, its containers, its API."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

REPOSITORY = Path(__file__).parents[2]
TESTING = REPOSITORY / "tests" / "stack" / "docker-compose.testing.yml"


def run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """What a command printed; it must end well."""
    done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def until(met: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait until a condition is met."""
    deadline = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.5)


@dataclass
class Stack:
    """``compose`` is the command of a Compose; ``environment`` holds the settings of docker-compose.yml."""

    compose: Sequence[str]
    environment: Mapping[str, str]
    token: str = field(default="", repr=False)

    def __call__(self, *arguments: str) -> str:
        files = ("--file", str(REPOSITORY / "docker-compose.yml"), "--file", str(TESTING))
        return run([*self.compose, "--project-name", "lookalike-test", *files, *arguments], self.environment)

    def docker(self, *arguments: str) -> str:
        return run(["docker", *arguments], self.environment)

    def containers(self, service: str) -> list[str]:
        """Ids of the running containers of a service."""
        labels = ("com.docker.compose.project=lookalike-test", f"com.docker.compose.service={service}")
        filters = [part for label in labels for part in ("--filter", f"label={label}")]
        return self.docker("ps", "--quiet", "--no-trunc", *filters).split()

    def inspect(self, what: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.docker("inspect", what))[0]
        return found

    def inside(self, service: str, *command: str) -> str:
        """What a command prints in a service's first container."""
        return self.docker("exec", self.containers(service)[0], *command)

    def await_health(self, services: Sequence[str], timeout_s: float = 180) -> None:
        def healthy() -> bool:
            states = [self.inspect(c)["State"]["Health"]["Status"] for s in services for c in self.containers(s)]
            return len(states) >= len(services) and set(states) == {"healthy"}

        until(healthy, timeout_s, f"{', '.join(services)} healthy\n{self('ps')}")

    def sign_in(self) -> None:
        """Have the command line in the web container make a token for :meth:`ask`."""
        self.token = self.inside("web", "python", "-m", "cli.main", "token", "make", "test", "--scope", "write").strip()

    def ask(self, path: str, body: object = None) -> Any:
        """The JSON that the API answers; with a body it is a POST."""
        request = Request(
            f"http://127.0.0.1:{self.environment['WEB_PORT']}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def flower(self, path: str) -> Any:
        """What Flower's API answers to who knows the password."""
        credentials = base64.b64encode(f"lookalike:{self.environment['FLOWER_PASSWORD']}".encode()).decode()
        request = Request(
            f"http://127.0.0.1:{self.environment['FLOWER_PORT']}{path}",
            headers={"Authorization": f"Basic {credentials}"},
        )
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def up(stack: Stack, *arguments: str) -> Iterator[Stack]:
    """The stack, running as long as the block lasts; its containers are removed, its volumes stay."""
    try:
        stack("up", "--detach", *arguments)
        yield stack
    finally:
        stack("down")
