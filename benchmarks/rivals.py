"""Other tools over the same folder, each in a process of its own: which pairs they find, in what time and memory.

They have an environment of their own (``make .rivals/.installed``), for one of them brings a deep-learning framework.
What is not installed is left out, with a word about it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rivals_run import TOOLS

PYTHON = Path(__file__).parents[1] / ".rivals/bin/python"
_LONGEST_S = 100.0  # of bench-quality: six tools and the scan end within its quarter of an hour
_MB = 1e6


@dataclass(frozen=True, slots=True)
class Found:
    """What one tool found: unordered pairs of paths, seconds, and the memory of its largest process in MB."""

    name: str
    pairs: frozenset[tuple[Path, Path]]
    seconds: float
    peak_mb: float


def run(folder: Path, names: tuple[str, ...] = TOOLS) -> list[Found]:
    """Every tool that is there, one after the other, over a folder and all below it."""
    return [found for name in names if (found := _run(name, folder)) is not None]


def _run(name: str, folder: Path) -> Found | None:
    if not PYTHON.exists() or (name == "findimagedupes" and shutil.which(name) is None):
        print(f"{name} is not installed: left out", file=sys.stderr)
        return None
    program = Path(__file__).with_name("rivals_run.py")
    with subprocess.Popen([PYTHON, program, name, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        begun = time.perf_counter()
        try:
            said, complaint = process.communicate(timeout=_LONGEST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            print(f"{name} took more than {_LONGEST_S:.0f} s: left out", file=sys.stderr)
            return None
        taken = time.perf_counter() - begun
    if process.returncode:
        print(f"{name} failed: {complaint.decode(errors='replace')[-300:]}", file=sys.stderr)
        return None
    answer = json.loads(said.splitlines()[-1])
    pairs = frozenset((Path(a), Path(b)) for a, b in answer["pairs"])
    return Found(name, pairs, taken - answer["import_s"], answer["peak_kb"] * 1024 / _MB)


if __name__ == "__main__":
    for found in run(Path(os.fspath(sys.argv[1]))):
        print(f"{found.name:<20} {found.seconds:8.1f} s {found.peak_mb:8.0f} MB {len(found.pairs):8} pairs")
