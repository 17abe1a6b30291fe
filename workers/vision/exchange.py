"""Messages with arrays, between two processes that share a connection and a piece of memory.

Arrays travel through the shared memory while there is room, all else in the message (pickle protocol 5, PEP 574).
Invariant: one message at a time; the sender waits for its answer before it writes to the memory again.
"""

from __future__ import annotations

import mmap
import os
import pickle
import tempfile
from multiprocessing.connection import Connection
from typing import Any


def anonymous_memory(size: int) -> int:
    """Descriptor of ``size`` bytes that vanish with the last process that holds them."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("lookalike-decoder")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


def send(connection: Connection, memory: mmap.mmap, message: Any) -> None:
    """Send one message. Raises OSError where nobody listens any more."""
    sizes: list[int] = []

    def share(buffer: pickle.PickleBuffer) -> bool:
        raw, at = buffer.raw(), sum(sizes)
        if at + raw.nbytes > len(memory):
            return True  # stays in the message
        memory[at : at + raw.nbytes] = raw
        sizes.append(raw.nbytes)
        return False

    connection.send((pickle.dumps(message, protocol=5, buffer_callback=share), sizes))


def receive(connection: Connection, memory: mmap.mmap) -> Any:
    """The other end of :func:`send`; arrays are copied out of the memory. Raises EOFError, OSError."""
    message, sizes = connection.recv()
    buffers, at = [], 0
    for size in sizes:
        buffers.append(bytearray(memory[at : at + size]))
        at += size
    return pickle.loads(message, buffers=buffers)  # noqa: S301  # from a process of our own
