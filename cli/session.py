"""What a command works with: the services' context and, where it needs them, workers.

Invariant: what a command started (Redis, workers) is stopped when its block is left; what ran already stays.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from cli import interruption
from cli.programs import ROLES, worker
from cli.stack import Stack
from shared import data_format
from shared.context import Context, connect
from shared.embedded import redis_for
from shared.services import libraries
from shared.settings import Settings

_ANSWER_S = 1.0
_LOOK_AGAIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Session:
    """``redis_url`` is the Redis in use, also where ``settings`` name none and it is the embedded one."""

    settings: Settings
    redis_url: str
    ctx: Context


@contextmanager
def session(settings: Settings) -> Iterator[Session]:
    """A session on the Redis of these settings. Raises Unavailable where there is none."""
    with interruption.raised(), redis_for(settings) as url:
        ctx = connect(settings, url)
        data_format.admit(ctx)
        libraries.configure(ctx)
        yield Session(settings, url, ctx)


class Workers:
    """Sees to it that every role has a worker, for as long as its block lasts.

    Workers that run already, on this machine or another, are used; missing ones are started. Since another
    command may stop the workers it had started, :meth:`tend`, which starts them, looks again from time to time.
    """

    def __init__(self, session: Session, tell: Callable[[str], None], roles: Iterable[str] = tuple(ROLES)) -> None:
        self._ctx = session.ctx
        self._stack = Stack(session.settings, session.redis_url, tell)
        self._missing = list(roles)
        self._looked = -math.inf

    def __enter__(self) -> Self:
        self._stack.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def tend(self) -> None:
        """Call it often. Raises Unavailable where a worker keeps dying, and KeyboardInterrupt after Ctrl-C."""
        self._stack.tend()
        if self._missing and time.monotonic() - self._looked > _LOOK_AGAIN_S:
            self._start_missing()

    def _start_missing(self) -> None:
        served = served_queues(self._ctx)
        for role in list(self._missing):
            if not served.issuperset(ROLES[role].queues):
                self._stack.start(worker(role, f"{role}-{os.getpid()}"))
                self._missing.remove(role)
        self._looked = time.monotonic()


def served_queues(ctx: Context) -> set[str]:
    """Names of the queues that workers, wherever they are, say they take tasks from."""
    answers = ctx.celery.control.inspect(timeout=_ANSWER_S).active_queues() or {}
    return {queue["name"] for queues in answers.values() for queue in queues}
