"""The walk names every regular file once, in one order, and goes on past what it cannot read."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import InvalidRequest, NotFound, OutsideLibrary
from workers.files.walk import WalkedFile, WalkFault, walk


def paths(root: Path, path: bytes = b"") -> list[bytes]:
    return [found.path for found in walk(os.fsencode(root), path)]


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(os.fsencode(name))


def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    make(tmp_path, "b.jpg", "a.jpg", "x/2.jpg", "x/1.jpg", "x/y/z.jpg", "c/d.jpg")
    assert paths(tmp_path) == [b"a.jpg", b"b.jpg", b"c/d.jpg", b"x/1.jpg", b"x/2.jpg", b"x/y/z.jpg"]
    assert paths(tmp_path, b"x") == [b"x/1.jpg", b"x/2.jpg", b"x/y/z.jpg"]


def test_a_file_is_described(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    (found,) = walk(os.fsencode(tmp_path))
    status = (tmp_path / "a.jpg").stat()
    assert found == WalkedFile(b"a.jpg", 5, status.st_mtime_ns, status.st_dev, status.st_ino)


def test_links_hidden_entries_and_special_files_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", ".b.jpg", ".Trash-1000/files/c.jpg", ".cache/d.jpg")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    (tmp_path / "loop").symlink_to(".")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert paths(tmp_path) == [b"a.jpg"]


def test_a_name_that_is_not_utf8_is_walked(tmp_path: Path) -> None:
    make(tmp_path, os.fsdecode(b"\xff/\xfe.jpg"))
    assert paths(tmp_path) == [b"\xff/\xfe.jpg"]


def test_folders_may_be_nested_deeper_than_python_recurses(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("deep.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)
    try:
        assert paths(tmp_path) == [b"d/" * 1100 + b"deep.jpg"]
    finally:  # shutil recurses, too
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)


def test_a_folder_that_may_not_be_read_is_a_fault_and_the_walk_goes_on() -> None:
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        root = Path(folder).resolve()
        root.chmod(0o755)
        make(root, "a/1.jpg", "b/2.jpg", "c/3.jpg")
        (root / "b").chmod(0)
        child = os.fork()
        if child == 0:
            found: list[WalkedFile | WalkFault] = []
            try:
                if os.getuid() == 0:  # who may read everything
                    os.setuid(65534)
                found = list(walk(os.fsencode(root)))
            finally:
                told = [(f.path, f.code if isinstance(f, WalkFault) else None) for f in found]
                os._exit(0 if told == [(b"a/1.jpg", None), (b"b", "unreadable_folder"), (b"c/3.jpg", None)] else 1)
        assert os.waitpid(child, 0)[1] == 0
        (root / "b").chmod(0o700)


def test_a_folder_to_skip_is_known_by_what_it_is_and_not_by_its_name(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "data/b.jpg")
    status = (tmp_path / "data").stat()
    found = walk(os.fsencode(tmp_path), skip={(status.st_dev, status.st_ino)})
    assert [f.path for f in found] == [b"a.jpg"]


def test_what_cannot_be_walked_at_all_is_said_at_once(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", ".hidden/b.jpg")
    (tmp_path / "link").symlink_to(tmp_path)
    root = os.fsencode(tmp_path)
    for path, error in (
        (b"nowhere", NotFound),
        (b"a.jpg", InvalidRequest),
        (b".hidden", InvalidRequest),
        (b"link", OutsideLibrary),
        (b"..", OutsideLibrary),
    ):
        with pytest.raises(error):
            walk(root, path)
    with pytest.raises(NotFound):
        walk(root + b"-gone")


def test_a_library_that_goes_away_on_the_way_is_an_error_and_not_an_end(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    make(root, "a.jpg", "b/c.jpg")
    found = walk(os.fsencode(root))
    next(found)
    root.rename(tmp_path / "away")
    with pytest.raises(NotFound):
        list(found)


def test_a_folder_removed_on_the_way_is_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b/c.jpg", "d/e.jpg")
    found = walk(os.fsencode(tmp_path))
    next(found)
    shutil.rmtree(tmp_path / "b")
    assert [f.path for f in found] == [b"d/e.jpg"]


_name = st.text("ab.é-", min_size=1, max_size=3).filter(lambda name: name not in (".", ".."))


@given(st.lists(st.lists(_name, min_size=1, max_size=3), max_size=8))
def test_every_visible_file_is_named_once(tmp_path_factory: pytest.TempPathFactory, files: list[list[str]]) -> None:
    root = tmp_path_factory.mktemp("walk")
    for parts in files:
        file = root.joinpath(*parts)
        if not any(p.is_file() for p in [*file.parents, file]) and not file.exists():
            make(root, "/".join(parts))
    relative = [file.relative_to(root) for file in root.rglob("*") if file.is_file()]
    visible = {os.fsencode(file) for file in relative if not any(part.startswith(".") for part in file.parts)}
    found = paths(root)
    assert len(found) == len(set(found))
    assert set(found) == visible
