"""The supervisor: keeps a set of programs running, and stops every one of them when it is left.

Written here, since none of the supervising libraries does both of what is asked: honcho stops all when one
ends, circus and supervisor restart but want daemons and sockets of their own; none of them ties a child's
life to its parent's. Invariant: when the block is left no program runs any more; if the supervisor is
killed, the kernel ends them (see ``cli.lifeline``).
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from cli import interruption
from cli.process import Process
from cli.programs import Program
from shared.domain.errors import Unavailable
from shared.embedded import revive
from shared.settings import PREFIX, Settings

WARM_STOP_S = 10.0
_PERIOD_S = 0.1
_REDIS_PERIOD_S = 2.0


class Stack:
    """Programs on one Redis. A context manager: what is started in its block is stopped when it is left.

    Args:
        settings: those of this process.
        redis_url: the Redis in use.
        tell: called with each message for the person at the terminal.
    """

    def __init__(self, settings: Settings, redis_url: str, tell: Callable[[str], None]) -> None:
        self._environment = os.environ | {
            f"{PREFIX}REDIS_URL": redis_url,
            f"{PREFIX}DATA": str(settings.data),
            f"{PREFIX}HOST": settings.host,
            f"{PREFIX}PORT": str(settings.port),
        }
        self._settings = settings
        self._tell = tell
        self._redis_seen = time.monotonic()
        self._processes: list[Process] = []
        self._exit = ExitStack()
        self._check_interruption: Callable[[], None] = lambda: None
        self.logs = settings.data / "logs"

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        self._check_interruption = self._exit.enter_context(interruption.deferred())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._exit:
            self.stop()

    def start(self, program: Program) -> None:
        """Start a program and keep it running. Call it in the main thread."""
        process = Process(program, self._environment, self.logs)
        process.turn_log()
        self._processes.append(process)
        process.start(time.monotonic())

    def tend(self) -> None:
        """Start again what has died; call it often.

        Raises:
            Unavailable: a program keeps dying.
            KeyboardInterrupt: Ctrl-C was pressed; it waits for this call.
        """
        self._check_interruption()
        now = time.monotonic()
        if now - self._redis_seen > _REDIS_PERIOD_S:
            revive(self._settings)
            self._redis_seen = now
        for process in self._processes:
            message = process.tend(now)
            if message is not None:
                self._tell(message)

    def run(self) -> None:
        """Tend until interrupted."""
        while True:
            self.tend()
            time.sleep(_PERIOD_S)

    def stop(self) -> None:
        """Let the programs finish what they are doing for a while, then kill them; a second Ctrl-C kills at once."""
        try:
            for process in self._processes:
                process.ask_to_stop()
            deadline = time.monotonic() + WARM_STOP_S
            while time.monotonic() < deadline and not all(process.ended() for process in self._processes):
                time.sleep(_PERIOD_S)
        except KeyboardInterrupt:
            self._tell("Stopping at once.")
        finally:
            for process in self._processes:
                process.kill()


def check_port(host: str, port: int, setting: str) -> None:
    """Raise Unavailable unless this port can be listened on; ``setting`` says how another is chosen."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.create_server((host, port), family=family):
            return
    except OSError as error:
        what = "is in use by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error}"
        raise Unavailable(f"Port {port} on {host} {what}. Choose another with {setting}.") from error


def answers(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False
