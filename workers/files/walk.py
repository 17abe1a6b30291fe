"""Walk a folder of a library and name every regular file below it.

Invariants: symbolic links are never followed; hidden entries (names that begin with a dot, which covers every
``.Trash-*``) are passed over; the order depends on the names alone: a folder's files, then its folders, each by
the bytes of their names. What cannot be read becomes a WalkFault, and the walk goes on.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass

from shared.confined import components, open_folder
from shared.domain.errors import InvalidRequest, NotFound, OutsideLibrary

_GONE = "The folder went away while it was walked. If it is on a disk or share, connect it and scan again."


@dataclass(frozen=True, slots=True)
class WalkedFile:
    """A regular file as the walk saw it. ``path`` is relative to the library's root, ``size`` in bytes."""

    path: bytes
    size: int
    mtime_ns: int
    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class WalkFault:
    """A folder or entry that could not be read, with a stable code and a reason for people."""

    path: bytes
    code: str
    reason: str


def walk(root: bytes, path: bytes = b"", skip: Container[tuple[int, int]] = ()) -> Iterator[WalkedFile | WalkFault]:
    """Every regular file below ``path``, and what could not be read.

    ``skip`` names folders by (device, inode) that are passed over, such as the data folder.

    Raises NotFound where the folder is missing, also where it goes missing on the way; before anything is
    yielded, InvalidRequest where it is hidden, no folder, or may not be read, and OutsideLibrary.
    """
    if any(name.startswith(b".") for name in components(path)):
        raise InvalidRequest("Hidden folders, the trash among them, are not scanned.", code="hidden_folder")
    return _walk(root, path, _identity(root, path), skip)


def _identity(root: bytes, path: bytes) -> tuple[int, int]:
    """Device and inode of the folder to walk."""
    shown = os.path.join(root, path).decode("utf-8", "backslashreplace")
    try:
        folder = open_folder(root, path)
    except FileNotFoundError:
        raise NotFound(
            f"The folder {shown} is not there. If it is on a disk or share, connect it and scan again.",
            code="no_such_folder",
        ) from None
    except NotADirectoryError:
        raise InvalidRequest(f"{shown} is no folder. Choose the folder it is in.", code="no_folder") from None
    except OSError as error:
        raise InvalidRequest(f"The folder {shown} cannot be read: {error.strerror}.", code="no_access") from None
    try:
        found = os.fstat(folder)
    finally:
        os.close(folder)
    return found.st_dev, found.st_ino


def _walk(
    root: bytes, path: bytes, identity: tuple[int, int], skip: Container[tuple[int, int]]
) -> Iterator[WalkedFile | WalkFault]:
    waiting = [path]  # a stack of paths, not of descriptors: depth costs no open files and no recursion
    while waiting:
        here = waiting.pop()
        try:
            files, folders = _list(root, here, skip)
        except OutsideLibrary as error:
            yield WalkFault(here, error.code, error.message)
        except FileNotFoundError:
            # one folder may be removed during the walk, but not all of it, as when a disk is pulled out
            if _identity(root, path) != identity:
                raise NotFound(_GONE, code="no_such_folder") from None
        except OSError as error:
            yield WalkFault(here, "unreadable_folder", f"This folder cannot be read: {error.strerror}.")
        else:
            yield from files
            waiting.extend(reversed(folders))


def _list(
    root: bytes, path: bytes, skip: Container[tuple[int, int]]
) -> tuple[list[WalkedFile | WalkFault], list[bytes]]:
    files: list[WalkedFile | WalkFault] = []
    folders: list[bytes] = []
    folder = open_folder(root, path)
    try:
        own = os.fstat(folder)
        if (own.st_dev, own.st_ino) in skip:
            return files, folders
        with os.scandir(folder) as entries:
            visible = sorted((os.fsencode(e.name), e) for e in entries if not e.name.startswith("."))
        for name, entry in visible:
            _sort(os.path.join(path, name), entry, files, folders)
    finally:
        os.close(folder)
    return files, folders


def _sort(path: bytes, entry: os.DirEntry[str], files: list[WalkedFile | WalkFault], folders: list[bytes]) -> None:
    try:
        if entry.is_dir(follow_symlinks=False):
            folders.append(path)
        elif entry.is_file(follow_symlinks=False):
            files.append(_seen(path, entry.stat(follow_symlinks=False)))
    except FileNotFoundError:
        pass
    except OSError as error:
        files.append(WalkFault(path, "unreadable", f"This file cannot be examined: {error.strerror}."))


def _seen(path: bytes, found: os.stat_result) -> WalkedFile:
    return WalkedFile(path, found.st_size, found.st_mtime_ns, found.st_dev, found.st_ino)
