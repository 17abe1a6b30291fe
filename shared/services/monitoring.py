"""What is going on in the stack as a whole, for those who watch it."""

from __future__ import annotations

from dataclasses import dataclass

from shared.broker import waiting
from shared.context import Context
from shared.names import QUEUES
from shared.store import scans


@dataclass(frozen=True, slots=True)
class Load:
    """``queues``: tasks that wait for a worker, by queue; ``running``: scans that have not ended."""

    queues: dict[str, int]
    running: int


def load(ctx: Context) -> Load:
    """Raises RedisError or kombu's OperationalError where Redis does not answer."""
    queues = {queue: waiting(ctx.celery, queue) for queue in QUEUES}
    return Load(queues, len(scans.running(ctx.redis)))
