"""What the web process tells Prometheus."""

from __future__ import annotations

from apiflask import APIFlask
from prometheus_client import generate_latest

from shared.context import Context, connect
from shared.names import COMPARE_BLOCKS
from shared.settings import Settings
from web import metrics
from web.app import create_app
from web.metrics import KEY


def told(ctx: Context, *paths: str) -> list[str]:
    """The lines of a scrape after these were asked for."""
    app = create_app(ctx)
    for path in paths:
        app.test_client().get(path)
    return generate_latest(app.extensions[KEY]).decode().splitlines()


def test_queues_tell_how_many_tasks_wait(ctx: Context) -> None:
    ctx.send(COMPARE_BLOCKS, "5ca9", 0)
    ctx.send(COMPARE_BLOCKS, "5ca9", 1)
    lines = told(ctx)
    assert 'lookalike_queue_length{queue="compare"} 2.0' in lines
    assert 'lookalike_queue_length{queue="extract"} 0.0' in lines
    assert "lookalike_redis_up 1.0" in lines


def test_requests_are_counted_by_endpoint_and_never_by_what_a_client_makes_up(ctx: Context) -> None:
    lines = told(ctx, "/healthz", "/healthz", "/no/such/page", "/another")
    counts = {line.split()[0]: line.split()[1] for line in lines if line.startswith("lookalike_request_seconds_count")}
    assert counts == {
        'lookalike_request_seconds_count{endpoint="health.healthz",method="GET",status="200"}': "2.0",
        'lookalike_request_seconds_count{endpoint="none",method="none",status="404"}': "2.0",
    }


def test_a_redis_that_does_not_answer_is_a_value(settings: Settings) -> None:
    away = connect(settings, "redis://127.0.0.1:1/0")
    app = APIFlask(__name__)
    metrics.install(app, away)
    assert "lookalike_redis_up 0.0" in generate_latest(app.extensions[KEY]).decode()
