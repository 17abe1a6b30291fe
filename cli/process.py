"""A program that is kept running: started again, after a growing pause, when it ends by itself.

Invariants: it is in a session of its own, so that Ctrl-C in a terminal reaches only the one who keeps it; and it
ends with that one, however that one ends.
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cli.lifeline import end_with
from cli.programs import Program
from shared.domain.errors import Unavailable

PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Before each new start; a program that dies once more after the last of them is given up."""
WRONG_SETTINGS = 2
"""The exit status of a program that would end again however often it was started."""
STEADY_S = 60.0
"""A program that ran for so long has earned all its starts back."""
LARGEST_LOG = 10 << 20


class Process:
    """Times (``now``) are in seconds on any clock that does not go back."""

    def __init__(self, program: Program, environment: Mapping[str, str], logs: Path) -> None:
        self.program = program
        self.log = logs / f"{program.name}.log"
        self._environment = {**environment, **program.environment}
        self._running: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._deaths = 0
        self._due: float | None = None

    def start(self, now: float) -> None:
        """Start it. Call it in the main thread."""
        self._due, self._started = None, now
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self.program.command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # one system call between fork and exec, of a library that is loaded already
                preexec_fn=functools.partial(end_with, os.getpid()),
            )

    def tend(self, now: float) -> str | None:
        """Start it again if it has died and its pause is over; returns what there is to tell, if anything.

        Raises:
            Unavailable: it keeps dying; the message holds the end of its log.
        """
        if self._due is not None:
            if now >= self._due:
                self.start(now)
            return None
        if self._running is None or self._running.poll() is None:
            return None
        return self._mourn(self._running.returncode, now)

    def _mourn(self, status: int, now: float) -> str:
        self.kill()  # what it may have left of its own children
        self._deaths = 0 if now - self._started >= STEADY_S else self._deaths
        if self._deaths == len(PAUSES_S) or status == WRONG_SETTINGS:
            raise Unavailable(
                f"{self.program.name} does not run ({_how(status)}). Its log ends with:\n{self.log_end()}"
            )
        self._due = now + PAUSES_S[self._deaths]
        self._deaths += 1
        return f"{self.program.name} ended ({_how(status)}) and is started again; see {self.log}."

    def ask_to_stop(self) -> None:
        """Ask it to finish what it is doing and end."""
        self._due = None
        if self._running is not None and self._running.poll() is None:
            self._running.terminate()

    def ended(self) -> bool:
        return self._running is None or self._running.poll() is not None

    def kill(self) -> None:
        """End it, and all that it started, now."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()

    def log_end(self, lines: int = 8) -> str:
        """The last lines of its log."""
        with suppress(FileNotFoundError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def turn_log(self) -> None:
        """Put a log that has grown large aside, in the place of the one put aside before."""
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > LARGEST_LOG:
                self.log.replace(self.log.with_suffix(".old.log"))


def _how(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
