"""The Celery application of the workers; where a worker process is wired together.

Started as ``celery -A workers.app worker``. The context is made once a process, on first use.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun, worker_process_init, worker_ready
from structlog.contextvars import bind_contextvars, unbind_contextvars

from shared import exposition, logs
from shared.broker import make_celery
from shared.context import Context, connect
from shared.domain.errors import Unavailable
from shared.names import FILES_QUEUE
from shared.services import libraries
from shared.settings import Settings
from workers import shepherd

settings = Settings.from_environment()
if settings.redis_url is None:
    raise Unavailable("A worker needs LOOKALIKE_REDIS_URL: the Redis that the page uses. `lookalike up` sets it.")

app: Celery = make_celery(settings.redis_url)
app.conf.imports = tuple(f"workers.tasks.{name}" for name in ("check", "scan", "thumbnails", "trash", "weights"))
app.set_default()


@cache
def context() -> Context:
    """This process's context."""
    return connect(settings, str(settings.redis_url))


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    logs.configure()


@task_prerun.connect
def _bind_task(task_id: str, **_: Any) -> None:
    bind_contextvars(task_id=task_id)  # every line that is logged while it runs tells which task it was


@task_postrun.connect
def _unbind_task(**_: Any) -> None:
    unbind_contextvars("task_id")


@worker_process_init.connect
def _after_fork(**_: Any) -> None:
    context.cache_clear()  # a connection is never shared with the parent


@worker_ready.connect
def _ready(sender: Any, **_: Any) -> None:
    libraries.configure(context())
    exposition.serve(settings, exposition.registry())
    queues = [queue.name for queue in sender.task_consumer.queues]
    shepherd.start(context(), queues)
    if FILES_QUEUE in queues:
        from workers.stages import trash

        trash.recover(context())  # what a killed files worker left half-done
