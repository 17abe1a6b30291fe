"""A file moves between folders without ever overwriting another, whatever the file system can do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mounts import in_own_mounts, mount_memory
from workers.files import relocate
from workers.files.relocate import Spot, into_private, original_name, out_of_private

Mover = Callable[[Spot, Spot, str], None]
MOVERS = [into_private, out_of_private]


@pytest.fixture(params=["renameat2", "without"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system is, and as one that cannot rename exclusively."""
    if request.param == "without":
        monkeypatch.setattr(relocate, "_renameat2", None)


@pytest.fixture
def spots(tmp_path: Path) -> Iterator[tuple[Spot, Spot]]:
    folders = [tmp_path / "from", tmp_path / "to"]
    descriptors = []
    for folder in folders:
        folder.mkdir()
        descriptors.append(os.open(folder, os.O_RDONLY))
    (folders[0] / "a").write_bytes(b"moved")
    yield Spot(descriptors[0], b"a"), Spot(descriptors[1], b"b")
    for descriptor in descriptors:
        os.close(descriptor)


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("move", MOVERS)
def test_a_file_moves(spots: tuple[Spot, Spot], move: Mover, tmp_path: Path) -> None:
    before = (tmp_path / "from" / "a").stat()
    move(*spots, "e.0")
    after = (tmp_path / "to" / "b").stat()
    assert (after.st_ino, after.st_nlink, after.st_mtime_ns) == (before.st_ino, 1, before.st_mtime_ns)
    assert list((tmp_path / "from").iterdir()) == []


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("move", MOVERS)
@pytest.mark.parametrize("occupant", ["file", "link", "folder"])
def test_nothing_is_overwritten(spots: tuple[Spot, Spot], move: Mover, occupant: str, tmp_path: Path) -> None:
    there = tmp_path / "to" / "b"
    if occupant == "file":
        there.write_bytes(b"there before")
    elif occupant == "link":
        there.symlink_to("nowhere")
    else:
        there.mkdir()
    with pytest.raises(FileExistsError):
        move(*spots, "e.0")
    assert (tmp_path / "from" / "a").read_bytes() == b"moved"
    assert not there.is_file() or there.read_bytes() == b"there before"


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("move", MOVERS)
def test_between_file_systems_the_copy_has_all_and_the_original_stays(move: Mover, tmp_path: Path) -> None:
    def work() -> None:
        for name in ("from", "to"):
            (tmp_path / name).mkdir()
            mount_memory(tmp_path / name)
        file = tmp_path / "from" / "a"
        file.write_bytes(b"moved" * 500_000)
        file.chmod(0o640)
        os.setxattr(file, "user.note", b"kept")
        os.utime(file, ns=(1, 1_400_000_000_000_000_001))
        source, target = (os.open(tmp_path / name, os.O_RDONLY) for name in ("from", "to"))
        move(Spot(source, b"a"), Spot(target, b"b"), "e.0")
        copy = tmp_path / "to" / "b"
        status = copy.stat()
        assert copy.read_bytes() == b"moved" * 500_000
        assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o640, 1_400_000_000_000_000_001)
        assert os.getxattr(copy, "user.note") == b"kept"
        left = original_name("e.0").decode() if move is into_private else "a"
        assert [f.name for f in (tmp_path / "from").iterdir()] == [left]
        assert [f.name for f in (tmp_path / "to").iterdir()] == ["b"]

    in_own_mounts(work)


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("move", MOVERS)
def test_between_file_systems_nothing_is_overwritten(move: Mover, tmp_path: Path) -> None:
    def work() -> None:
        for name in ("from", "to"):
            (tmp_path / name).mkdir()
            mount_memory(tmp_path / name)
            (tmp_path / name / "a").write_bytes(name.encode())
        source, target = (os.open(tmp_path / name, os.O_RDONLY) for name in ("from", "to"))
        with pytest.raises(FileExistsError):
            move(Spot(source, b"a"), Spot(target, b"a"), "e.0")
        assert [(tmp_path / name / "a").read_text() for name in ("from", "to")] == ["from", "to"]

    in_own_mounts(work)
