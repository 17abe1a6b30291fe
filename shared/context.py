"""What every use case needs, wired in one place: settings, Redis, Celery, the data folder."""

from __future__ import annotations

from dataclasses import dataclass

from celery import Celery
from redis import Redis

from shared.broker import connection_options, make_celery
from shared.layout import Layout
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """Made once a process by :func:`connect` and passed to every service."""

    settings: Settings
    redis: Redis
    celery: Celery
    layout: Layout

    def send(self, task: str, *args: object) -> None:
        """Send a task by name; its queue follows from ``shared.names.ROUTES``."""
        self.celery.send_task(task, args=args)


def connect(settings: Settings, redis_url: str) -> Context:
    """Wire a context. No connection is opened before it is first used."""
    redis = Redis.from_url(redis_url, **connection_options(redis_url))
    return Context(settings, redis, make_celery(redis_url), Layout(settings.data))
