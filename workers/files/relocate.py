"""Move a file between two open folders without ever overwriting another.

One of the two is *private*: a trash folder that only this user may enter and in which names are reserved first.
``renameat2`` with RENAME_NOREPLACE does it in one step where system and file system have it. Elsewhere a move
into the private folder is a check and a rename, since nobody else makes names there, and a move out of it is
a link, which never overwrites, and an unlink. Between file systems the file is copied with its permissions,
times and extended attributes and written through to disk under a temporary name first.

Invariant: nothing is removed here that was not linked or renamed elsewhere before; what is left over after a
copy (``ORIGINAL``) is removed by ``workers.files.moves`` alone, once both have been read and found equal.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from shared.confined import open_at

_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
_libc = ctypes.CDLL(None, use_errno=True)
_renameat2: Callable[..., int] | None = getattr(_libc, "renameat2", None)


@dataclass(frozen=True, slots=True)
class Spot:
    """A name in an open folder."""

    folder: int
    name: bytes

    def status(self) -> os.stat_result | None:
        """What the name leads to, links not followed; None where there is nothing."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def sibling(self, name: bytes) -> Spot:
        return Spot(self.folder, name)

    def remove(self) -> None:
        os.unlink(self.name, dir_fd=self.folder)
        os.fsync(self.folder)


def copy_name(entry: str) -> bytes:
    """The temporary name of an entry's copy: never the only one, so it may be removed at any time."""
    return b".lookalike-" + entry.encode() + b".copy"


def original_name(entry: str) -> bytes:
    """The name under which an original waits, beside its old place, for its copy to be found equal."""
    return b".lookalike-" + entry.encode() + b".original"


def link_name(entry: str) -> bytes:
    """The name of the hard link that is to take a file's place, beside it."""
    return b".lookalike-" + entry.encode() + b".link"


def exchange(one: Spot, other: Spot) -> bool:
    """Exchange two files in one step; False where the system or the file system cannot. Raises OSError."""
    if not _renameat(one, other, _RENAME_EXCHANGE):
        return False
    _sync(one, other)
    return True


def into_folder(source: Spot, target: Spot, entry: str) -> None:
    """Move a file between two folders that others may write to. Raises as :func:`into_private`.

    Where it cannot be renamed in one step, the original is left beside its old place, as ``original_name``.
    """
    try:
        if not _rename_noreplace(source, target):
            _link(source, target)
            _rename(source, source.sibling(original_name(entry)))
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, target, entry)
        _rename(source, source.sibling(original_name(entry)))
    _sync(source, target)


def into_private(source: Spot, target: Spot, entry: str) -> None:
    """Move a file into the private folder. Raises FileExistsError, other OSErrors; NotRegular, OutsideLibrary.

    Between file systems the original is left beside its old place, as ``original_name``.
    """
    try:
        if not _rename_noreplace(source, target):
            _must_be_free(target)
            _rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, target, entry)
        _rename(source, source.sibling(original_name(entry)))
    _sync(source, target)


def out_of_private(source: Spot, target: Spot, entry: str) -> None:
    """Move a file out of the private folder. Raises as :func:`into_private`.

    Between file systems the file in the private folder stays as well.
    """
    try:
        if not _rename_noreplace(source, target):
            _link(source, target)
            source.remove()
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, target, entry)
    _sync(source, target)


def _rename_noreplace(source: Spot, target: Spot) -> bool:
    """False where the system or the file system cannot do it. Raises OSError."""
    return _renameat(source, target, _RENAME_NOREPLACE)


def _renameat(source: Spot, target: Spot, flag: int) -> bool:
    if _renameat2 is None:
        return False
    if _renameat2(source.folder, source.name, target.folder, target.name, flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), os.fsdecode(source.name))


def _copy(source: Spot, target: Spot, entry: str) -> None:
    """Copy a file to where there is none: whole and on disk, or not at all."""
    temporary = target.sibling(copy_name(entry))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(open_at(source.folder, source.name), "rb") as reading:
        descriptor = os.open(temporary.name, flags, 0o600, dir_fd=temporary.folder)
        with open(descriptor, "wb") as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)
            writing.flush()
            _copy_metadata(reading.fileno(), writing.fileno())
            os.fsync(writing.fileno())
    if not _rename_noreplace(temporary, target):
        _link(temporary, target)
        temporary.remove()


def _copy_metadata(source: int, target: int) -> None:
    """Extended attributes, owner, permissions, times; as far as the file system and our rights allow."""
    status = os.fstat(source)
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(source):
                with suppress(OSError):  # such as security.*, which only the system sets
                    os.setxattr(target, name, os.getxattr(source, name))
    with suppress(PermissionError):
        os.fchown(target, status.st_uid, status.st_gid)
    os.fchmod(target, status.st_mode & 0o7777)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _must_be_free(spot: Spot) -> None:
    if spot.status() is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fsdecode(spot.name))


def _rename(source: Spot, target: Spot) -> None:
    os.rename(source.name, target.name, src_dir_fd=source.folder, dst_dir_fd=target.folder)


def _link(source: Spot, target: Spot) -> None:
    os.link(source.name, target.name, src_dir_fd=source.folder, dst_dir_fd=target.folder, follow_symlinks=False)


def _sync(*spots: Spot) -> None:
    for spot in spots:
        os.fsync(spot.folder)
