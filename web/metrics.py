"""What the web process tells Prometheus: its requests, and what only Redis knows (queues, running scans).

Invariant: a Redis that does not answer is a value (``lookalike_redis_up`` 0), never a scrape that fails.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

from apiflask import APIFlask
from flask import Response, g, request
from kombu.exceptions import OperationalError
from prometheus_client import CollectorRegistry, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from shared.context import Context
from shared.services import monitoring

KEY = "lookalike.metrics"


class _Stack(Collector):
    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def describe(self) -> list[Metric]:
        return []  # so that registering asks Redis for nothing

    def collect(self) -> Iterator[Metric]:
        queues = GaugeMetricFamily("lookalike_queue_length", "Tasks that wait for a worker.", labels=["queue"])
        running = GaugeMetricFamily("lookalike_scans_running", "Scans that have not ended.")
        up = GaugeMetricFamily("lookalike_redis_up", "1 while Redis answers.", value=0)
        with suppress(RedisError, OperationalError):
            load = monitoring.load(self._ctx)
            for queue, length in load.queues.items():
                queues.add_metric([queue], length)
            running.add_metric([], load.running)
            up = GaugeMetricFamily(up.name, up.documentation, value=1)
        yield from (up, queues, running)


def install(app: APIFlask, ctx: Context) -> None:
    """Measure every request to ``app``; its values lie in ``app.extensions[KEY]``, a CollectorRegistry."""
    values = CollectorRegistry()
    app.extensions[KEY] = values
    for collector in (_Stack(ctx), ProcessCollector(registry=None), PlatformCollector(registry=None)):
        values.register(collector)
    seconds = Histogram(
        "lookalike_request_seconds",
        "Seconds that requests took.",
        ["method", "endpoint", "status"],
        registry=values,
    )

    @app.before_request
    def begin() -> None:
        g.begun = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        # a request that was refused before it began took no time
        elapsed = time.perf_counter() - g.get("begun", time.perf_counter())
        # an endpoint and not a path, and no method that is not ours: whatever a client makes up would be a series
        known = request.url_rule is not None
        method, endpoint = (request.method, request.endpoint) if known else ("none", "none")
        seconds.labels(method, endpoint, response.status_code).observe(elapsed)
        return response
