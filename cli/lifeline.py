"""Processes that end with the one that started them, however that one ends.

Linux tells a child of its parent's death (``PR_SET_PDEATHSIG``), also where the parent was killed and could do
nothing about it. Elsewhere a parent that is killed leaves its children behind; one that ends by itself does not.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded before any fork


def end_with(parent: int) -> None:
    """Have this process killed when its parent, of process id ``parent``, ends; call it in the child.

    What counts is the *thread* of the parent that made the child: make children in its main thread.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before it could be watched
            os._exit(1)
