"""The Celery application that both sides configure alike: who sends a task by name and who runs it."""

from __future__ import annotations

import base64
import json
import socket
from contextlib import suppress
from typing import Any, cast

from celery import Celery
from redis import Redis

from shared.names import COMPARE_QUEUE, ROUTES

_PREFIX = "lookalike:v1:celery:"
ANSWER_TIMEOUT_S = 15.0
"""Redis answers in milliseconds; it may be held up for seconds by a slow disk."""
CONNECT_TIMEOUT_S = 5.0
_PROBES = {
    "TCP_KEEPIDLE": 10,  # s
    "TCP_KEEPINTVL": 5,  # s
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 30_000,  # ms; Linux: how long what was sent may go without an answer
}


def connection_options(redis_url: str) -> dict[str, Any]:
    """How connections notice a peer that is dead, frozen or out of reach, within half a minute.

    Without these, a worker whose network was cut while Redis hung up would wait for two hours and more.
    """
    found: dict[str, Any] = {"health_check_interval": 10, "socket_timeout": ANSWER_TIMEOUT_S}
    if redis_url.startswith("unix://"):  # has no keepalive and needs none
        return found
    probes = {name: value for name, value in _PROBES.items() if hasattr(socket, name)}
    return found | {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_keepalive": True,
        "socket_keepalive_options": {getattr(socket, name): value for name, value in probes.items()},
    }


def make_celery(redis_url: str) -> Celery:
    """A Celery application on this Redis.

    Messages are JSON, acknowledged late; results are not stored, since every outcome is written to
    the store by the task itself. The visibility timeout is an hour: a lost unit is found by its lease
    (see ``workers.shepherd``) long before, and what the broker redelivers then is already done.
    """
    # redis-py calls a socket unix://, Celery's transport calls it redis+socket://
    broker = redis_url.replace("unix://", "redis+socket://", 1)
    app = Celery("lookalike", broker=broker, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": 3600,
            "global_keyprefix": _PREFIX,
            **connection_options(redis_url),
        },
        event_serializer="json",
        task_acks_late=True,
        task_create_missing_queues=True,
        task_default_queue=COMPARE_QUEUE,
        task_ignore_result=True,
        task_reject_on_worker_lost=True,
        task_routes={name: {"queue": queue} for name, queue in ROUTES.items()},
        task_serializer="json",
        task_track_started=True,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,
        task_send_sent_event=True,
    )
    return app


def waiting(celery: Celery, queue: str) -> int:
    """Messages in a queue that no worker has taken. Raises kombu's OperationalError where Redis does not answer."""
    with celery.connection_or_acquire() as connection:
        channel = connection.default_channel
        return int(celery.amqp.queues[queue].bind(channel).queue_declare(passive=False).message_count)


def messages(redis: Redis, queue: str) -> set[tuple[object, ...]]:
    """The tasks that wait in a queue, each as its name and arguments; what is no task of ours is passed over.

    Reads the whole queue: some megabytes where twenty scans wait.
    """
    found = set()
    for text in cast("list[bytes]", redis.lrange(_PREFIX + queue, 0, -1)):
        with suppress(ValueError, LookupError, TypeError):
            message = json.loads(text)
            arguments, *_ = json.loads(base64.b64decode(message["body"]))
            found.add((message["headers"]["task"], *arguments))
    return found
