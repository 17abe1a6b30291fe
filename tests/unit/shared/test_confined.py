"""Nothing outside a library can be opened, whatever a path says and whatever is swapped in."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.confined import MAX_NAME, NotRegular, open_file, open_folder, parent
from shared.domain.errors import OutsideLibrary

OUTSIDE = [
    b"..", b"../x", b"a/../../x", b"a/..", b"/etc/passwd", b"/", b"//x", b"a//b", b"a/", b"./a", b"a/./b", b".",
    b"a\0b", b"\0", b"x" * (MAX_NAME + 1), b"a/" + b"y" * 4000, b"a/" * 20000 + b"a",
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    library = tmp_path / "library"
    (library / "a" / "b").mkdir(parents=True)
    (library / "a" / "b" / "photo.jpg").write_bytes(b"inside")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "photo.jpg").write_bytes(b"outside")
    return os.fsencode(library)


@pytest.fixture(autouse=True)
def no_descriptor_is_leaked() -> Iterator[None]:
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def below(root: bytes, name: str = "") -> Path:
    return Path(os.fsdecode(root)) / name


def read(root: bytes, path: bytes) -> bytes:
    with open(open_file(root, path), "rb") as file:
        return file.read()


def test_a_file_inside_is_opened(root: bytes) -> None:
    assert read(root, b"a/b/photo.jpg") == b"inside"


def test_the_root_itself_is_a_folder_of_the_library(root: bytes) -> None:
    folder = open_folder(root)
    assert os.path.samestat(os.fstat(folder), below(root).stat())
    os.close(folder)


def test_a_name_that_is_not_utf8_is_opened(root: bytes) -> None:
    Path(os.fsdecode(root + b"/\xff\xfe.jpg")).write_bytes(b"odd")
    assert read(root, b"\xff\xfe.jpg") == b"odd"


def test_unicode_normalisation_never_makes_two_names_one(root: bytes) -> None:
    composed, decomposed = "é.jpg".encode(), "e\u0301.jpg".encode()
    Path(os.fsdecode(root + b"/" + composed)).write_bytes(b"composed")
    with pytest.raises(FileNotFoundError):
        open_file(root, decomposed)


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: repr(path[:20]))
@pytest.mark.parametrize("opener", [open_file, open_folder])
def test_a_path_that_does_not_stay_inside_is_refused(
    root: bytes, path: bytes, opener: Callable[[bytes, bytes], int]
) -> None:
    with pytest.raises(OutsideLibrary):
        opener(root, path)


def test_percent_encoding_means_nothing(root: bytes) -> None:
    with pytest.raises(FileNotFoundError):
        open_file(root, b"%2e%2e/secret/photo.jpg")


@pytest.mark.parametrize("target", ["../secret", "/etc", "a", "nowhere"])
def test_a_linked_folder_is_never_entered(root: bytes, target: str) -> None:
    below(root, "link").symlink_to(target)
    for call in (lambda: open_folder(root, b"link"), lambda: open_file(root, b"link/photo.jpg")):
        with pytest.raises(OutsideLibrary, match="symbolic link"):
            call()


@pytest.mark.parametrize("target", ["../secret/photo.jpg", "a/b/photo.jpg", "nowhere"])
def test_a_linked_file_is_never_opened(root: bytes, target: str) -> None:
    below(root, "link.jpg").symlink_to(target)
    with pytest.raises(OutsideLibrary, match="symbolic link"):
        open_file(root, b"link.jpg")


def test_a_root_that_has_become_a_link_is_refused(root: bytes, tmp_path: Path) -> None:
    link = tmp_path / "moved"
    link.symlink_to(os.fsdecode(root))
    with pytest.raises(OutsideLibrary):
        open_folder(os.fsencode(link))


def test_a_relative_root_is_refused() -> None:
    with pytest.raises(OutsideLibrary):
        open_folder(b"library")


def test_a_fifo_neither_blocks_nor_is_read(root: bytes) -> None:
    os.mkfifo(os.path.join(root, b"pipe.jpg"))
    with pytest.raises(NotRegular):
        open_file(root, b"pipe.jpg")


def test_a_folder_or_socket_is_no_file(root: bytes) -> None:
    with pytest.raises(NotRegular):
        open_file(root, b"a")
    with socket.socket(socket.AF_UNIX) as server, tempfile.TemporaryDirectory(prefix="ll-") as short:
        server.bind(os.path.join(short, "s"))
        with pytest.raises(NotRegular):
            open_file(os.fsencode(os.path.realpath(short)), b"s")


def test_a_device_is_no_file() -> None:
    with pytest.raises(NotRegular):
        open_file(b"/dev", b"null")


def test_a_file_is_no_folder(root: bytes) -> None:
    with pytest.raises(NotADirectoryError):
        open_folder(root, b"a/b/photo.jpg")


def test_the_root_has_no_parent_inside(root: bytes) -> None:
    with pytest.raises(OutsideLibrary), parent(root, b""):
        pass


def test_missing_folders_are_made_only_when_asked_for(root: bytes) -> None:
    with pytest.raises(FileNotFoundError), parent(root, b"new/folder/x.jpg"):
        pass
    assert not below(root, "new").exists()
    with parent(root, b"new/folder/x.jpg", create=True) as (folder, name):
        assert name == b"x.jpg"
        assert stat.S_ISDIR(os.fstat(folder).st_mode)
    assert below(root, "new/folder").is_dir()


def test_making_folders_does_not_follow_a_link(root: bytes, tmp_path: Path) -> None:
    below(root, "link").symlink_to("../secret")
    with pytest.raises(OutsideLibrary), parent(root, b"link/new/x.jpg", create=True):
        pass
    assert [file.name for file in (tmp_path / "secret").iterdir()] == ["photo.jpg"]


@given(st.one_of(st.binary(max_size=40), st.text("./a\0", max_size=12).map(str.encode)))
def test_any_path_at_all_is_inside_or_refused(path: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        root = os.path.realpath(os.fsencode(folder))
        try:
            opened = open_folder(root, path)
        except (OutsideLibrary, OSError):
            return
        try:
            assert os.path.samestat(os.fstat(opened), below(root).stat())  # nothing else is there to be opened
        finally:
            os.close(opened)
