"""A trash can at a library's top, as the freedesktop.org Trash specification 1.0 lays it out.

``.Trash-$uid/files`` holds the files, ``.Trash-$uid/info`` a ``.trashinfo`` of the same name for each, which is
made first and exclusively and thereby reserves the name. ``Path=`` is relative to the library's top.

Invariant: a can that is a symbolic link, or not this user's, is never written to.
https://specifications.freedesktop.org/trash-spec/1.0/
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from urllib.parse import quote

from shared.confined import open_folder
from workers.files.relocate import Spot
from workers.files.verify import Refused

_SUFFIX = b".trashinfo"
_LONGEST_COUNT = len(b".999999")


@dataclass(frozen=True, slots=True)
class Can:
    """The open folders of a trash can."""

    files: int
    info: int

    def spot(self, name: bytes) -> Spot:
        return Spot(self.files, name)

    def free_name(self, path: bytes) -> bytes:
        """A name for a file that nothing in the can has: its own, or with a count: ``photo.2.jpg``."""
        for name in candidates(path.rpartition(b"/")[2], os.fpathconf(self.files, "PC_NAME_MAX")):
            if self.spot(name).status() is None and Spot(self.info, name + _SUFFIX).status() is None:
                return name
        raise AssertionError("the candidates never end")

    def write_info(self, name: bytes, path: bytes, deleted: float) -> None:
        """Reserve a name. ``deleted`` is in seconds since the epoch. Raises FileExistsError where it is taken."""
        # the specification asks for local time
        date = datetime.fromtimestamp(deleted).astimezone().strftime("%Y-%m-%dT%H:%M:%S")
        text = b"[Trash Info]\n" + _path_line(path) + b"\nDeletionDate=" + date.encode() + b"\n"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(name + _SUFFIX, flags, 0o600, dir_fd=self.info), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.fsync(self.info)

    def remove_info(self, name: bytes, path: bytes) -> None:
        """Remove a name's info, if it is that of ``path`` (or was torn before it said so) and not somebody else's."""
        with suppress(FileNotFoundError):
            descriptor = os.open(name + _SUFFIX, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self.info)
            with open(descriptor, "rb") as file:
                lines = file.read().split(b"\n")
            if len(lines) < 2 or lines[1] == _path_line(path):
                Spot(self.info, name + _SUFFIX).remove()


def can_name() -> bytes:
    """The name of this user's can."""
    return f".Trash-{os.getuid()}".encode()


def check_can(top: int, name: bytes) -> None:
    """Raises Refused (trash_not_ours); FileNotFoundError where there is none yet, and other OSErrors."""
    os.close(_open(top, name))


@contextmanager
def opened(root: bytes, name: bytes, create: bool) -> Iterator[Can]:
    """Open the can ``name`` of a library; ``create`` makes what is missing of it.

    Raises Refused (trash_not_ours), OutsideLibrary, FileNotFoundError and other OSErrors.
    """
    top = open_folder(root)
    folders: list[int] = []
    try:
        if create:
            _make(top, name)
        folders.append(_open(top, name))
        for part in (b"files", b"info"):
            if create:
                _make(folders[0], part)
            folders.append(_open(folders[0], part))
        yield Can(*folders[1:])
    finally:
        for folder in (top, *folders):
            os.close(folder)


def _make(folder: int, name: bytes) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder)
        os.fsync(folder)


def _open(folder: int, name: bytes) -> int:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):  # either may be what a symbolic link gives
            raise Refused("trash_not_ours") from None
        raise
    if os.fstat(descriptor).st_uid not in _owners(folder):
        os.close(descriptor)
        raise Refused("trash_not_ours")
    return descriptor


def _owners(folder: int) -> tuple[int, int]:
    """Us, and whom the folder around it belongs to: some file systems give all files one owner."""
    return os.getuid(), os.fstat(folder).st_uid


def _path_line(path: bytes) -> bytes:
    return b"Path=" + quote(path, safe="/").encode()


def candidates(name: bytes, longest: int) -> Iterator[bytes]:
    """A name, and the same with counts, short enough for a can's info of ``longest`` bytes."""
    stem, dot, extension = name.rpartition(b".")
    if not stem or len(extension) > 16:
        stem, dot, extension = name, b"", b""
    stem = _cut(stem, longest - len(_SUFFIX) - _LONGEST_COUNT - len(dot + extension))
    yield stem + dot + extension
    for number in count(2):
        yield stem + b".%d" % number + dot + extension


def _cut(stem: bytes, longest: int) -> bytes:
    """At most ``longest`` bytes, not ending amid a character where the name is UTF-8."""
    if len(stem) <= longest:
        return stem
    cut = stem[:longest]
    try:
        stem.decode()
    except UnicodeDecodeError:
        return cut
    return cut.decode(errors="ignore").encode()
