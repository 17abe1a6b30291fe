"""Run something in a child process that dies without a word at a line of the code that moves files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from shared.store import journal
from workers.files import can, links, moves, relocate, settle, site
from workers.stages import put_away, trash

_TRACED = frozenset(module.__file__ for module in (can, links, moves, relocate, settle, site, journal, put_away, trash))
_KILLED = 9


def die_at(line: int, work: Callable[[], object]) -> bool:
    """Run ``work`` in a child that dies without a word at its ``line``-th line; False where it ended before."""
    child = os.fork()
    if child == 0:
        left = line

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            if frame.f_code.co_filename not in _TRACED:
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    os._exit(_KILLED)
            return trace

        code = 1
        try:
            sys.settrace(trace)
            work()
            code = 0
        finally:
            sys.settrace(None)
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, _KILLED), "failed in the child process; see its output"
    return code == _KILLED
