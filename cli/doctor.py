"""``lookalike doctor``: what is present on this machine, and what to do about what is not.

Each check looks at what the programs would use, without starting or loading any of it.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
from redis import Redis
from redis.exceptions import RedisError

from shared import redis_server
from shared.data_format import OtherFormat, check_folder
from shared.domain.errors import Unavailable
from shared.domain.scan import DEFAULT_MODEL
from shared.domain.weights import SIZE
from shared.embedded import recorded_release
from shared.layout import Layout
from shared.settings import Settings

LEAST_FREE = 2 << 30
_INSTALL_WORKER = "Install the worker's dependencies: pip install --require-hashes -r requirements/worker-cpu.txt."


@dataclass(frozen=True, slots=True)
class Finding:
    """``good`` is True, False (something that is needed does not work) or None (worth knowing)."""

    what: str
    good: bool | None
    told: str
    remedy: str = ""


@click.command()
def doctor() -> None:
    """Say what is present on this machine, and what to do about what is not."""
    settings = Settings.from_environment()
    findings = [finding for check in CHECKS for finding in check(settings)]
    for finding in findings:
        mark = {True: "ok     ", False: "MISSING", None: "note   "}[finding.good]
        click.echo(f"{mark}  {finding.what:<14} {finding.told}")
        if finding.remedy:
            click.echo(f"{'':>25}{finding.remedy}")
    if any(finding.good is False for finding in findings):
        sys.exit(1)


def python(settings: Settings) -> Iterator[Finding]:
    yield Finding(
        "Lookalike",
        True,
        f"{_installed('lookalike') or 'not installed'}, on Python {platform.python_version()}, {sys.platform}",
    )


def redis(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is not None:
        yield _remote_redis(settings.redis_url)
        return
    try:
        server = redis_server.choose(recorded_release(settings))
    except Unavailable as error:
        yield Finding("Redis", False, "none that can be used", error.message)
    else:
        yield Finding("Redis", True, f"embedded, {server}")


def _remote_redis(url: str) -> Finding:
    try:
        with Redis.from_url(url, socket_connect_timeout=5) as client:
            found = client.info("server")["redis_version"]
            policy = client.config_get("maxmemory-policy")["maxmemory-policy"]
    except (RedisError, ValueError) as error:
        return Finding("Redis", False, f"LOOKALIKE_REDIS_URL does not answer: {error}", "Start it, or unset the URL.")
    if policy != "noeviction":
        return Finding("Redis", False, f"{found}, evicts ({policy})", "Set maxmemory-policy noeviction in redis.conf.")
    return Finding("Redis", True, f"{found}, at LOOKALIKE_REDIS_URL")


def data_folder(settings: Settings) -> Iterator[Finding]:
    there = next(folder for folder in (settings.data, *settings.data.parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Finding(
            "Data folder", False, f"{settings.data} cannot be written", "Set LOOKALIKE_DATA to another folder."
        )
        return
    try:
        check_folder(settings.data)
    except OtherFormat as error:
        yield Finding("Data folder", False, f"{settings.data}, of another release", error.message)
        return
    free = shutil.disk_usage(there).free
    told = f"{settings.data}, {free / (1 << 30):.1f} GiB free"
    if free < LEAST_FREE:
        yield Finding("Data folder", None, told, "Features take 16 KiB an image: make room, or set LOOKALIKE_DATA.")
    else:
        yield Finding("Data folder", True, told)


def network(settings: Settings) -> Iterator[Finding]:
    """TensorFlow, Keras and the weights: what the deep preset needs."""
    try:
        told = f"Keras {version('keras')}, {_tensorflow()}"
        from workers.vision.embed import weights_present  # it needs NumPy
    except (ImportError, PackageNotFoundError) as error:
        yield Finding("Deep preset", None, f"not installed ({error})", _INSTALL_WORKER)
        return
    yield Finding("Deep preset", True, told)
    try:
        there = weights_present(DEFAULT_MODEL, settings.weights, Layout(settings.data).weights)
    except OSError:  # the data folder cannot be read, which has been told
        there = False
    if there:
        yield Finding("Weights", True, f"of {DEFAULT_MODEL}, at hand")
    else:
        remedy = (
            f"lookalike weights download fetches them ({SIZE}); or set LOOKALIKE_WEIGHTS to the file."
            " The preset thorough finds a little less without, deep needs them."
        )
        yield Finding("Weights", None, f"of {DEFAULT_MODEL}, not here yet", remedy)


def _tensorflow() -> str:
    for name in ("tensorflow-cpu", "tensorflow"):
        if found := _installed(name):
            return f"{name} {found}"
    raise PackageNotFoundError("tensorflow")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def processor(settings: Settings) -> Iterator[Finding]:
    flags = _cpu_flags()
    cores = f"{os.cpu_count()} cores"
    if "amx_bf16" in flags:
        yield Finding("Processor", True, f"{cores}, with AMX: bfloat16, some six times as fast")
    elif "avx512_bf16" in flags:
        yield Finding("Processor", True, f"{cores}, with AVX-512 BF16: bfloat16, twice as fast")
    else:
        yield Finding("Processor", True, f"{cores}, no AMX: the network runs in float32")


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def gpu(settings: Settings) -> Iterator[Finding]:
    program = shutil.which("nvidia-smi")
    command = [program or "", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout if program else ""
    if not told.strip():
        yield Finding("GPU", True, "none: the network runs on the processor")
    elif _installed("nvidia-cudnn-cu12") or _installed("nvidia-cudnn-cu13"):
        yield Finding("GPU", True, told.strip().replace("\n", "; "))
    else:
        remedy = "To use it: pip install --require-hashes -r requirements/worker-gpu.txt."
        yield Finding("GPU", None, f"{told.strip()}, not used", remedy)


def formats(settings: Settings) -> Iterator[Finding]:
    try:
        from workers.vision.formats import ALLOWED  # it loads every decoder
    except ImportError as error:
        yield Finding("Formats", False, f"none: {error}", _INSTALL_WORKER)
        return
    yield Finding("Formats", True, ", ".join([*ALLOWED, "camera RAW (its preview)"]))


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    python,
    redis,
    data_folder,
    formats,
    network,
    processor,
    gpu,
)
