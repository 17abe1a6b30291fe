"""A decoder process: it reads one file at a time and answers what the pool asked. Started by workers.vision.pool.

The only kind of process in which untrusted bytes are decoded. Invariants: it outlives its parent by a second or by
one deadline at most; a file costs it no more than its memory limit; it holds nothing that others wait for.
"""

from __future__ import annotations

import mmap
import os
import resource
import signal
import threading
import time
import warnings
from functools import lru_cache
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.confined import open_file
from shared.domain.errors import LookalikeError, OutsideLibrary, UnreadableImage
from workers.vision.decode import decode, thumbnails, warm_up
from workers.vision.exchange import send
from workers.vision.formats import use_one_thread
from workers.vision.pixels import pixel_digest
from workers.vision.reading import Failure, Job, Orders, PixelDigest, Reading, Task, Thumbnails, Wanted
from workers.vision.resize import NetworkInput
from workers.vision.room import ask_with
from workers.vision.unreadable import unreadable

_ROOM = 64 << 20  # bytes


def serve(connection_fd: int, memory_fd: int) -> None:
    """Answer the pool until it hangs up."""
    connection, memory = Connection(connection_fd), mmap.mmap(memory_fd, 0)
    orders: Orders = connection.recv()
    _settle_in(orders)
    connection.send(os.getpid())

    def ask(size: int) -> None:
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)  # waiting for others is not this file's fault
        send(connection, memory, Wanted(size))
        connection.recv()
        signal.setitimer(signal.ITIMER_REAL, max(left, 0.01))

    while True:
        ask_with(ask)
        try:
            task, job, arguments = connection.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, orders.timeout_s)  # ends this process, whatever a codec is doing
        reply = _answer(orders, task, job, arguments)
        signal.setitimer(signal.ITIMER_REAL, 0)
        send(connection, memory, reply)


def _settle_in(orders: Orders) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the parent decides
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    threading.Thread(target=_die_with, args=(os.getppid(),), daemon=True).start()
    _limit(resource.RLIMIT_AS, orders.memory)
    bytearray(_ROOM)  # a limit that leaves no room is noticed now, not blamed on every file
    _limit(resource.RLIMIT_CORE, 0)
    warnings.simplefilter("ignore")
    use_one_thread()
    warm_up()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # codecs written in C print what they think of damaged files
    os.dup2(null, 2)


def _limit(what: int, size: int) -> None:
    hard = resource.getrlimit(what)[1]
    size = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(what, (size, size))


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _answer(orders: Orders, task: Task, job: Job, arguments: tuple[Any, ...]) -> Any:
    """What the task returns, or the Failure that it met."""
    try:
        return _perform(orders, task, job, arguments)
    except (UnreadableImage, OutsideLibrary, MemoryError, OSError) as problem:
        error = _explained(problem)
        return Failure(job.number, error.code, error.message)


def _explained(problem: Exception) -> LookalikeError:
    match problem:
        case LookalikeError():
            return problem
        case MemoryError():
            return unreadable("out_of_memory")
        case FileNotFoundError() | NotADirectoryError():
            return unreadable("vanished")
        case PermissionError():
            return unreadable("permission_denied")
        case OSError():
            return unreadable("read_failed", error=problem.strerror or problem)
    return unreadable("read_failed", error=problem)


def _perform(orders: Orders, task: Task, job: Job, arguments: tuple[Any, ...]) -> Any:
    status, data = _contents(orders, job)
    digest = sha256(data).digest()
    if task is Task.PIXEL_DIGEST:
        return PixelDigest(job.number, digest, pixel_digest(data, orders.max_pixels))
    if task is Task.THUMBNAILS:
        return Thumbnails(job.number, digest, thumbnails(data, arguments[0], orders.max_pixels))
    return _read(orders, job, status, data, digest, *arguments)


def _contents(orders: Orders, job: Job) -> tuple[os.stat_result, bytes]:
    with open(open_file(job.root, job.path), "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        if status.st_size > orders.max_file:
            raise unreadable("file_too_large", size=status.st_size, limit=orders.max_file)
        return status, file.readall()


def _read(
    orders: Orders,
    job: Job,
    status: os.stat_result,
    data: bytes,
    digest: bytes,
    network_input: NetworkInput | None,
    known: Path | None,
    locally: bool,
) -> Reading:
    decoded = None
    if known is None or not _is_known(digest, known):
        decoded = (orders.decode or decode)(data, network_input, orders.max_pixels, locally)
    return Reading(job.number, digest, len(data), status.st_mtime_ns, status.st_dev, status.st_ino, decoded)


def _is_known(digest: bytes, known: Path) -> bool:
    prefixes = _prefixes(known)
    prefix = np.uint64(int.from_bytes(digest[:8], "big"))
    at = int(np.searchsorted(prefixes, prefix))
    return at < len(prefixes) and bool(prefixes[at] == prefix)


@lru_cache(maxsize=2)
def _prefixes(known: Path) -> NDArray[np.uint64]:
    """Sorted prefixes of digests; a file of this name is never changed, so it is opened once."""
    prefixes: NDArray[np.uint64] = np.load(known, mmap_mode="r", allow_pickle=False)
    return prefixes
