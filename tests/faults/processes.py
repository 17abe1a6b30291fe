"""The processes of a rig, as the kernel knows them (Linux)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """Process ids of the children of a process, oldest first."""
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return sorted(found)


def command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def program(words: str) -> int:
    """The one program that this process has started with these words in its command line."""
    (found,) = [pid for pid in children(os.getpid()) if words in command(pid)]
    return found
