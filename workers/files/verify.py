"""Re-read a file before it is touched: is it still what the scan saw?

Invariant: what cannot be shown to be unchanged is refused, with a stable code and a reason for people.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from shared.confined import components, open_at, open_folder, parent
from shared.domain.errors import LookalikeError, OutsideLibrary, UnreadableImage

REASONS: dict[str, str] = {
    "changed": "The file has changed since it was scanned. Scan again to see what it is now.",
    "changed_in_trash": "The file in the trash is not the one that was moved there. Look at it in {detail}.",
    "companion_unique": "{detail} belongs to it and has no equal copy beside the one that stays, so both stay here.",
    "disk_full": "The disk is full. Make room and try again.",
    "in_trash": "The file lies in a trash folder already.",
    "io_error": "The disk or share reported an error ({detail}). Check it and try again.",
    "journal": "The journal cannot be written ({detail}). Make room in the data folder and try again.",
    "library_missing": "The library's folder is not there. If it is on a disk or share, connect it and try again.",
    "no_other_copy": "No other copy of this image is known, and deleting it was not confirmed.",
    "no_exchange": "This file system cannot exchange two files in one step, so no hard link is made. Use the trash.",
    "not_identical": "Only a file that is equal byte for byte can be replaced by a hard link.",
    "not_regular": "This is no regular file any more.",
    "not_writable": "The folder may not be written ({detail}). Give the files worker permission and try again.",
    "occupied": "There is a file of this name in its old place. Move or rename that one and try again.",
    "other_disk": "The file, the copy that stays and the trash are not on one file system, so no hard link is made.",
    "outside_library": "A symbolic link, or a path that leads out of the library, is in the way.",
    "same_file": "The copy that was to stay is this very file under another name (a hard link, or a second way to it).",
    "survivor_changed": "The copy that was to stay has changed since it was scanned. Scan again.",
    "survivor_missing": "The copy that was to stay is not there any more. Scan again.",
    "trash_not_ours": "The library's trash folder is a link, no folder, or somebody else's. Remove or rename it.",
    "vanished": "The file is not there any more.",
}
_ERRNO_CODES = {
    errno.ENOENT: "vanished",
    errno.ENOTDIR: "vanished",
    errno.EEXIST: "occupied",
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EACCES: "not_writable",
    errno.EPERM: "not_writable",
    errno.EROFS: "not_writable",
}


class Refused(LookalikeError):
    """A move is not made; its code is one of REASONS."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(REASONS[code].format(detail=detail), code=code)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the system or the confinement says into a refusal."""
    try:
        yield
    except OSError as error:
        code = _ERRNO_CODES.get(error.errno or 0, "io_error")
        raise Refused(code, error.strerror or str(error)) from error
    except OutsideLibrary as error:
        raise Refused("outside_library") from error
    except UnreadableImage as error:
        raise Refused("not_regular") from error


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of a library and the SHA-256 it must have."""

    root: bytes
    path: bytes
    digest: str


def digest_at(folder: int, name: bytes) -> tuple[str, os.stat_result]:
    """SHA-256 and status of the regular file ``name`` of an open folder. Raises OutsideLibrary, NotRegular, OSError."""
    with open(open_at(folder, name), "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, os.fstat(file.fileno())


def verified(copy: Copy) -> os.stat_result:
    """The status of a file that is as it was scanned, read in full.

    Raises Refused: in_trash, library_missing, vanished, changed, not_regular, outside_library, not_writable, io_error.
    """
    if in_trash(copy):
        raise Refused("in_trash")
    with refusing():
        try:
            with parent(copy.root, copy.path) as (folder, name):
                digest, status = digest_at(folder, name)
        except FileNotFoundError:
            must_be_there(copy.root)
            raise
    if digest != copy.digest:
        raise Refused("changed")
    return status


def surviving(copies: Sequence[Copy], doomed: os.stat_result) -> Copy:
    """The first of the copies that is as it was scanned and is another file than the doomed one.

    Raises Refused with the reason against the first: same_file, survivor_missing or survivor_changed.
    """
    first: Refused | None = None
    for copy in copies:
        try:
            if not os.path.samestat(verified(copy), doomed):
                return copy
            refusal = Refused("same_file")
        except Refused as error:
            gone = error.code in ("vanished", "library_missing", "in_trash")
            refusal = Refused("survivor_missing" if gone else "survivor_changed")
        first = first or refusal
    raise first or Refused("no_other_copy")


def in_trash(copy: Copy) -> bool:
    """Whether a path leads through a trash folder of any user."""
    names = copy.root.split(b"/") + components(copy.path)
    return any(name == b".Trash" or name.startswith(b".Trash-") for name in names)


def must_be_there(root: bytes) -> None:
    """Raises Refused (library_missing) where a library's root cannot be opened."""
    try:
        os.close(open_folder(root))
    except OSError as error:
        raise Refused("library_missing") from error
