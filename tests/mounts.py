"""Run part of a test in a child process that may mount file systems, where the machine allows that."""

from __future__ import annotations

import ctypes
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

_NEW_MOUNTS = 0x00020000
_NEW_USERS = 0x10000000
_PRIVATE = 0x4000 | 0x40000  # MS_REC | MS_PRIVATE: what is mounted here is seen here only
_CANNOT = 77
_libc = ctypes.CDLL(None, use_errno=True)


def in_own_mounts(work: Callable[[], None]) -> None:
    """Run ``work`` in a child with mounts of its own; the test is skipped where it may not have any."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = _CANNOT if not _unshare() else _finished(work)
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == _CANNOT:
        pytest.skip("this machine does not let tests mount file systems")
    assert code == 0, "failed in the child process; see its output"


def mount_memory(folder: Path, size: int = 1 << 30) -> None:
    """Mount an empty file system of ``size`` bytes in memory; only inside :func:`in_own_mounts`."""
    if _libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=%d" % size) != 0:
        raise OSError(ctypes.get_errno(), "mount", str(folder))


def _finished(work: Callable[[], None]) -> int:
    try:
        work()
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _unshare() -> bool:
    uid, gid = os.getuid(), os.getgid()
    flags = _NEW_MOUNTS if uid == 0 else _NEW_MOUNTS | _NEW_USERS
    try:
        if _libc.unshare(flags) != 0:
            return False
        if uid != 0:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        return bool(_libc.mount(b"none", b"/", None, _PRIVATE, None) == 0)
    except OSError:
        return False
