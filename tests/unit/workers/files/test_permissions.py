"""Whether deletion works is found out without writing, and told to everybody."""

from __future__ import annotations

import ctypes
import os
import tempfile
from pathlib import Path

from shared.context import Context
from shared.services import libraries
from tests import deletions
from tests.mounts import in_own_mounts, mount_memory
from workers.files import permissions
from workers.files.permissions import obstacle

_REMOUNT_READ_ONLY = 0x20 | 0x1


def test_a_library_that_can_be_written_has_no_obstacle_and_is_left_untouched(tmp_path: Path) -> None:
    assert obstacle(os.fsencode(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_mount_is_an_obstacle(tmp_path: Path) -> None:
    def work() -> None:
        mount_memory(tmp_path)
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.mount(b"none", os.fsencode(tmp_path), None, _REMOUNT_READ_ONLY, None) == 0
        assert "read-only" in str(obstacle(os.fsencode(tmp_path)))

    in_own_mounts(work)


def test_a_folder_that_may_not_be_written_is_an_obstacle() -> None:
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        Path(folder).chmod(0o555)
        child = os.fork()
        if child == 0:
            reason = None
            try:
                if os.getuid() == 0:  # who may write everywhere
                    os.setuid(65534)
                reason = obstacle(os.path.realpath(os.fsencode(folder)))
            finally:
                os._exit(0 if reason is not None and "permission" in reason else 1)
        assert os.waitpid(child, 0)[1] == 0
        Path(folder).chmod(0o700)


def test_a_trash_folder_that_is_a_link_is_an_obstacle(tmp_path: Path) -> None:
    (tmp_path / f".Trash-{os.getuid()}").symlink_to("/")
    assert "trash folder" in str(obstacle(os.fsencode(tmp_path)))


def test_a_library_that_is_away_is_an_obstacle(tmp_path: Path) -> None:
    assert "cannot be opened" in str(obstacle(os.fsencode(tmp_path / "away")))


def test_everybody_is_told(ctx: Context, tmp_path: Path) -> None:
    library = deletions.library(ctx, tmp_path / "photos", {})
    assert permissions.report(ctx, library) is None
    assert libraries.writable(ctx, library.id) is None
    (tmp_path / "photos" / f".Trash-{os.getuid()}").write_bytes(b"")
    reason = permissions.report(ctx, library)
    assert reason is not None
    assert libraries.writable(ctx, library.id) == reason
