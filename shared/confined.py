"""Open what lies inside a library, and nothing else.

Invariant: a path is walked component by component through folder descriptors with ``O_NOFOLLOW``, so no
symbolic link, ``..`` or absolute path leads anywhere, not even one that is swapped in during the walk.
Paths are bytes, relative to the library's root; names need not be UTF-8. The root was resolved when the
library was added.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from shared.domain.errors import OutsideLibrary, UnreadableImage

MAX_NAME = 255
MAX_PATH = 16384
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# O_NONBLOCK: a FIFO put in the file's place must not block us; on regular files it means nothing
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


class NotRegular(UnreadableImage):
    """A folder, FIFO, socket or device where a file was expected."""

    code = "not_regular"


def components(path: bytes) -> list[bytes]:
    """The names along a relative path; none for the root itself.

    Raises OutsideLibrary for a path that is absolute, has ``.``, ``..`` or empty components or a NUL, or is too long.
    """
    if not path:
        return []
    names = path.split(b"/")
    if len(path) > MAX_PATH or any(len(name) > MAX_NAME for name in names):
        raise OutsideLibrary("This path is longer than any file's. Choose a folder or file from the list.")
    if b"\0" in path or any(name in (b"", b".", b"..") for name in names):
        raise OutsideLibrary("This path does not stay inside its library. Choose a folder or file from the list.")
    return names


def open_folder(root: bytes, path: bytes = b"") -> int:
    """Descriptor of a folder; the caller closes it.

    Raises OutsideLibrary (also where a component is a symbolic link); FileNotFoundError, NotADirectoryError,
    PermissionError and other OSErrors as the system reports them.
    """
    names = components(path)
    return _descend(_open_root(root), names, create=False)


def open_file(root: bytes, path: bytes) -> int:
    """Descriptor of a regular file, to read; the caller closes it.

    Raises as :func:`open_folder`; NotRegular where it is no regular file.
    """
    with parent(root, path) as (folder, name):
        return open_at(folder, name)


@contextmanager
def parent(root: bytes, path: bytes, create: bool = False) -> Iterator[tuple[int, bytes]]:
    """The descriptor of the folder that holds ``path``, and its name there; ``create`` makes missing folders.

    Raises as :func:`open_folder`.
    """
    *folders, name = components(path) or [b""]
    if not name:
        raise OutsideLibrary("A library's own folder is no file in it.")
    folder = _descend(_open_root(root), folders, create)
    try:
        yield folder, name
    finally:
        os.close(folder)


def open_at(folder: int, name: bytes) -> int:
    """Descriptor of the regular file ``name`` of an open folder. Raises OutsideLibrary, NotRegular, OSError."""
    # looked at before it is opened, since opening a device may already do something
    _must_be_regular(os.stat(name, dir_fd=folder, follow_symlinks=False))
    descriptor = _open(name, _FILE, folder)
    try:
        _must_be_regular(os.fstat(descriptor))
    except NotRegular:
        os.close(descriptor)
        raise
    return descriptor


def _open_root(root: bytes) -> int:
    if not root.startswith(b"/"):
        raise OutsideLibrary("A library's root must be an absolute path.")
    return _open(root, _FOLDER, None)


def _descend(folder: int, names: list[bytes], create: bool) -> int:
    """Go down from an open folder, which is closed, as is every folder on the way."""
    for name in names:
        try:
            inner = _enter(folder, name, create)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _enter(folder: int, name: bytes, create: bool) -> int:
    try:
        return _open(name, _FOLDER, folder)
    except FileNotFoundError:
        if not create:
            raise
    try:
        os.mkdir(name, dir_fd=folder)
        os.fsync(folder)
    except FileExistsError:  # made by somebody else just now; opened like any other
        pass
    return _open(name, _FOLDER, folder)


def _open(name: bytes, flags: int, folder: int | None) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and _is_link(name, folder):
            raise _link() from None
        raise


def _is_link(name: bytes, folder: int | None) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _must_be_regular(found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise _link()
    if not stat.S_ISREG(found.st_mode):
        raise NotRegular("This is no regular file, so it is not read.")


def _link() -> OutsideLibrary:
    return OutsideLibrary("A symbolic link is in the way, and links are never followed. Add the folder it leads to.")
