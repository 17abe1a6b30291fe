"""Metrics for Prometheus, on a port of their own, so that the page's port never shows them.

Invariant: nothing listens unless ``LOOKALIKE_METRICS_PORT`` is set. A worker whose pool forks keeps its values in
files of a folder that all its processes share (``prometheus_client``'s multiprocess mode), and one of them serves.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from shared.domain.errors import Unavailable
from shared.settings import Settings

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # named by prometheus_client, which reads it when it is imported


def environment(settings: Settings) -> dict[str, str]:
    """What a program that forks must be started with, to count in all its processes."""
    if settings.metrics_port is None:
        return {}
    return {_FOLDER: tempfile.mkdtemp(prefix="lookalike-metrics-")}


def registry() -> CollectorRegistry:
    """That of this process, or of all processes that share a folder of values; this one removes it when it ends."""
    if _FOLDER not in os.environ:
        return REGISTRY
    atexit.register(shutil.rmtree, os.environ[_FOLDER], ignore_errors=True)
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # it has no annotations
    return shared


def serve(settings: Settings, values: CollectorRegistry) -> None:
    """Serve ``values`` in threads that end with this process; nothing where no port is set.

    Raises:
        Unavailable: the port cannot be listened on.
    """
    if settings.metrics_port is None:
        return
    try:
        start_http_server(settings.metrics_port, settings.metrics_host, values)
    except OSError as error:
        raise Unavailable(
            f"Metrics cannot be served on {settings.metrics_host}:{settings.metrics_port}: {error.strerror}."
            " Choose another LOOKALIKE_METRICS_PORT, or unset it."
        ) from error
