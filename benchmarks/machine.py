"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

_TELLING = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def peak_mb(pid: int) -> float:
    """The most memory that a process has held so far (Linux's VmHWM), in MB of a million bytes; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)


def description() -> str:
    """One line: processor, cores, what it can do, and the versions that matter."""
    fields = [line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines()]
    facts = {name.strip(): value.strip() for name, _, value in fields}
    flags = [flag for flag in _TELLING if flag in facts.get("flags", "").split()]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("keras", "pillow", "numpy"))
    load = os.getloadavg()[0]
    return (
        f"{facts.get('model name', platform.machine())}, family {facts.get('cpu family')} model {facts.get('model')}, "
        f"{os.cpu_count()} cores ({', '.join(flags)}), {memory:.0f} GiB; "
        f"Python {platform.python_version()}, {packages}; load before it began: {load:.1f}"
    )
