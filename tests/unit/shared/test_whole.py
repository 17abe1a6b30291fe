"""A file is there whole or not at all, however its writer ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from shared.whole import written_whole


def test_a_file_takes_its_place_when_it_is_written(tmp_path: Path) -> None:
    with written_whole(tmp_path / "new" / "file") as draft:
        draft.write_text("one")
        assert not (tmp_path / "new" / "file").exists()
    assert (tmp_path / "new" / "file").read_text() == "one"
    assert list((tmp_path / "new").iterdir()) == [tmp_path / "new" / "file"]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(ZeroDivisionError):
        _fail(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def _fail(path: Path) -> None:
    with written_whole(path) as draft:
        draft.write_text("half")
        raise ZeroDivisionError


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    child = os.fork()
    if child == 0:
        with written_whole(tmp_path / "file") as draft:
            draft.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert (tmp_path / "file").read_text() == "old"


def test_two_writers_with_the_same_process_id_do_not_share_a_draft(tmp_path: Path) -> None:
    # as two containers on one shared folder have
    with written_whole(tmp_path / "file") as one, written_whole(tmp_path / "file") as other:
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "file").read_text() == "one"
