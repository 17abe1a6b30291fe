"""A pool of decoder processes that hostile files cannot break.

A file may crash, hang or bloat the decoder that reads it: that decoder is replaced, the file becomes a Failure,
and the others notice nothing. Each decoder has a thread that speaks with it and a connection and shared memory of
its own, so there is no lock that a dying process could hold.

Invariant: every job is answered exactly once, in order of completion.
"""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing import Pipe
from pathlib import Path
from queue import LifoQueue, SimpleQueue
from typing import Any

from shared.domain.errors import Unavailable
from shared.settings import PREFIX, Settings
from workers.vision.budget import Budget
from workers.vision.exchange import anonymous_memory, receive
from workers.vision.reading import Decode, Failure, Job, Orders, PixelDigest, Reading, Task, Thumbnails, Wanted
from workers.vision.resize import GREY_SIDE, NetworkInput
from workers.vision.unreadable import unreadable

__all__ = ["Decode", "DecoderPool", "Failure", "Job", "Reading"]

START_TIMEOUT_S = 60.0

GRACE_S = 2.0
"""A decoder ends itself at its deadline; one that is frozen is killed this much later."""

SHARED_SIDE = 512
"""Pixels of a network's input of up to this side travel through shared memory; larger ones in the message."""

AHEAD = 64
"""Files, beside two a decoder, that are decoded while the caller is busy with what it has."""

ATTEMPTS = 2
"""A file is blamed for a crash when it happens twice: a decoder may also be killed from outside."""


class DecoderPool:
    """``settings.decoders`` processes, each started when it is first needed. Several threads may use one pool.

    ``decode`` is what a decoder makes of a file's bytes; it must be importable there. ``settings.decode_budget`` is
    what pictures being decoded may take together: larger ones pass one at a time.
    """

    def __init__(self, settings: Settings, decode: Decode | None = None) -> None:
        limits = (settings.max_pixels, settings.max_file, settings.decode_memory, settings.decode_timeout_s)
        orders, budget = Orders(*limits, decode), Budget(settings.decode_budget)
        self._decoders = [_Decoder(orders, budget) for _ in range(settings.decoders)]
        self._idle: LifoQueue[_Decoder] = LifoQueue()
        for decoder in self._decoders:
            self._idle.put(decoder)
        self._threads = ThreadPoolExecutor(settings.decoders, thread_name_prefix="decoder")
        self._ahead = AHEAD + 2 * settings.decoders

    def read(
        self,
        jobs: Iterable[Job],
        network_input: NetworkInput | None = None,
        known: Path | None = None,
        locally: bool = False,
    ) -> Iterator[Reading | Failure]:
        """Read and decode files; ``locally``: with their local features.

        ``network_input`` is the (height, width) of ``Decoded.pixels``, None for no pixels.
        ``known`` is a .npy file of sorted uint64, the first 8 bytes, big-endian, of digests that need no decoding;
        it is memory-mapped and must never change under its name.
        """
        return self._run(Task.READ, jobs, network_input, known, locally)

    def pixel_digests(self, jobs: Iterable[Job]) -> Iterator[PixelDigest | Failure]:
        """The digest of the pixels of each file (see workers.vision.pixels)."""
        return self._run(Task.PIXEL_DIGEST, jobs)

    def thumbnails(self, jobs: Iterable[Job], sizes: tuple[int, ...]) -> Iterator[Thumbnails | Failure]:
        """The WebP thumbnails of each file, one of each size (longest side)."""
        return self._run(Task.THUMBNAILS, jobs, sizes)

    def _run(self, task: Task, jobs: Iterable[Job], *arguments: Any) -> Iterator[Any]:
        """Answers as they come; between two of them work goes on, a bounded number of files ahead."""
        waiting, pending = iter(jobs), set[Future[Any]]()
        done: SimpleQueue[Future[Any]] = SimpleQueue()
        try:
            while True:
                while len(pending) < self._ahead and (job := next(waiting, None)) is not None:
                    future = self._threads.submit(self._ask, task, job, arguments)
                    pending.add(future)
                    future.add_done_callback(done.put)
                if not pending:
                    return
                future = done.get()
                pending.remove(future)
                yield future.result()
        finally:
            for future in pending:
                future.cancel()

    def _ask(self, task: Task, job: Job, arguments: tuple[Any, ...]) -> Any:
        decoder = self._idle.get()
        try:
            return decoder.answer(task, job, arguments)
        finally:
            self._idle.put(decoder)

    def close(self) -> None:
        """End every process. Files not yet answered are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for decoder in self._decoders:
            decoder.stop()
        self._threads.shutdown(wait=True)
        for decoder in self._decoders:
            decoder.release()

    def __enter__(self) -> DecoderPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Hung(Exception):
    """A decoder did not answer in time."""


class _Died(Exception):
    """A decoder ended without an answer; the message says how."""


class _Decoder:
    """One decoder process at a time: started on demand, and again after each death. Used by one thread at a time."""

    def __init__(self, orders: Orders, budget: Budget) -> None:
        self._orders = orders
        self._budget = budget
        self._process: _Process | None = None
        self._closed = False

    def answer(self, task: Task, job: Job, arguments: tuple[Any, ...]) -> Any:
        error = unreadable("decode_timeout", timeout=self._orders.timeout_s)
        for _ in range(ATTEMPTS):
            try:
                return self._exchange(task, job, arguments)
            except _Hung:
                break
            except _Died as death:
                error = unreadable("decoder_crashed", how=death)
        return Failure(job.number, error.code, error.message)

    def _exchange(self, task: Task, job: Job, arguments: tuple[Any, ...]) -> Any:
        process = self._process = self._process or self._start()
        healthy = False
        try:
            answer = process.exchange((task, job, arguments), self._orders.timeout_s + GRACE_S, self._budget)
            healthy = not (isinstance(answer, Failure) and answer.code == "out_of_memory")
            return answer
        finally:
            if not healthy:
                self.release()

    def _start(self) -> _Process:
        if self._closed:
            raise Unavailable("This pool of decoders has been closed.", code="decoder_unavailable")
        return _Process(self._orders)

    def stop(self) -> None:
        """Let whoever waits for this decoder wait no longer; for other threads."""
        self._closed = True
        if process := self._process:
            process.end()

    def release(self) -> None:
        """End the process and give back what it held."""
        process, self._process = self._process, None
        if process is not None:
            process.end()
            process.release()


class _Process:
    """A running decoder, the connection with it, and the memory shared with it."""

    def __init__(self, orders: Orders) -> None:
        """Raises Unavailable where it cannot be started."""
        memory_fd = anonymous_memory(GREY_SIDE**2 + 3 * SHARED_SIDE**2)
        self._connection, theirs = Pipe()
        with theirs:
            command = f"from workers.vision.decoder import serve; serve({theirs.fileno()}, {memory_fd})"
            self._popen = subprocess.Popen(
                [sys.executable, "-c", command],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), memory_fd),
                env=_environment(),
            )
        self._memory = mmap.mmap(memory_fd, 0)
        os.close(memory_fd)
        self._greet(orders)

    def _greet(self, orders: Orders) -> None:
        try:
            self._connection.send(orders)
            if self._connection.poll(START_TIMEOUT_S):
                self._connection.recv()
                return
        except (EOFError, OSError):
            pass
        raise Unavailable(
            f"A decoder process could not be started ({self.end()}). "
            f"Look at what it printed; {PREFIX}DECODE_MEMORY={orders.memory} may be too little.",
            code="decoder_unavailable",
        )

    def exchange(self, message: Any, timeout_s: float, budget: Budget) -> Any:
        """Send a message and wait for the answer, for ``timeout_s`` beside the time that it waits for its share of
        the budget. Raises _Hung, _Died."""
        try:
            self._connection.send(message)
            with ExitStack() as room:
                while self._connection.poll(timeout_s):
                    answer = receive(self._connection, self._memory)
                    if not isinstance(answer, Wanted):
                        return answer
                    room.close()
                    room.enter_context(budget.granted(answer.size))
                    self._connection.send("go on")
        except (EOFError, OSError):
            how = self.end()
            raise (_Hung() if how == signal.SIGALRM.name else _Died(how)) from None
        raise _Hung

    def release(self) -> None:
        self._connection.close()
        self._memory.close()

    def end(self) -> str:
        """Kill the process, if it lives; says how it ended."""
        self._popen.kill()
        status = self._popen.wait()
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _environment() -> dict[str, str]:
    """The decoder's: the same modules, no settings of ours (passwords are among them), one thread each."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return kept | single | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
