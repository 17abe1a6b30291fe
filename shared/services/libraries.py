"""Libraries and the folders in them.

Invariant: a folder is resolved once, when it is added; from then on it is known by its id, and everything in it
is opened through ``shared.confined``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import structlog

from shared.confined import components, open_folder
from shared.context import Context
from shared.domain.errors import Conflict, InvalidRequest, NotFound
from shared.domain.model import Library, library_id
from shared.store import libraries as store

IMAGE_SUFFIXES = (
    ".3fr", ".apng", ".arw", ".avif", ".bmp", ".cr2", ".cr3", ".dcr", ".dib", ".dng", ".erf", ".gif", ".heic",
    ".heif", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg", ".jxl", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf",
    ".pbm", ".pef", ".pgm", ".png", ".pnm", ".ppm", ".raf", ".raw", ".rw2", ".sr2", ".srw", ".tif", ".tiff", ".webp",
)  # fmt: skip
"""What most images are called. Only for counting in the picker: a scan knows an image by its content."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """A folder as the picker shows it. ``images`` counts the files directly in it that look like images by name."""

    name: str
    path: bytes  # relative to the library's root
    images: int
    folders: int


@dataclass(frozen=True, slots=True)
class FolderListing:
    """``here`` and the folders directly inside it, by name."""

    library: Library
    here: FolderEntry
    inside: tuple[FolderEntry, ...]


def configure(ctx: Context) -> None:
    """Register the folders of ``settings.libraries``; called at the start of every process.

    One that was there before and is not now, such as a disk that is not connected, stays registered.
    Raises InvalidRequest for one that never was.
    """
    known = {library.root for library in listed(ctx)}
    for folder in ctx.settings.libraries:
        try:
            add(ctx, folder)
        except InvalidRequest as error:
            if _resolved(folder) not in known:
                raise InvalidRequest(f"LOOKALIKE_LIBRARIES: {error.message}", code=error.code) from error
            _log.warning("library_unavailable", folder=str(folder), reason=error.message)


def listed(ctx: Context) -> list[Library]:
    """All libraries, by name."""
    return store.listed(ctx.redis)


def add(ctx: Context, folder: Path) -> Library:
    """Register a folder as a library; symbolic links on the way to it are resolved now, once.

    Raises InvalidRequest where it is missing, no folder, may not be read, or is Lookalike's own data folder.
    """
    root = _resolved(folder)
    _check_readable(root)
    _check_not_data(ctx, root)
    known = {library.id: library for library in listed(ctx)}
    identity = library_id(root)
    if identity not in known:
        store.put(ctx.redis, Library(identity, root, _free_name(root, {library.name for library in known.values()})))
    return store.get(ctx.redis, identity)


def browse(ctx: Context, library_id: str, path: bytes = b"") -> FolderListing:
    """A folder and the folders in it; hidden ones are left out. Raises NotFound (library or folder), OutsideLibrary.

    Raises Conflict (code ``no_access``) where the folder may not be read.
    """
    library = store.get(ctx.redis, library_id)
    if any(name.startswith(b".") for name in components(path)):
        raise NotFound("Hidden folders are not shown and not scanned.", code="no_such_folder")
    try:
        images, folders = _contents(library.root, path)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            "There is no such folder. If it is on a disk or share, connect it.", code="no_such_folder"
        ) from None
    except OSError as error:
        raise Conflict(f"This folder cannot be read: {error.strerror}.", code="no_access") from None
    here = FolderEntry(_display(path.rpartition(b"/")[2]) or library.name, path, images, len(folders))
    return FolderListing(library, here, tuple(_entry(library.root, os.path.join(path, name)) for name in folders))


def writable(ctx: Context, library_id: str) -> str | None:
    """None where deletion works in this library, else why it does not.

    As a files worker last saw it; where none has looked yet, None: each move is checked again anyway.
    """
    if ctx.settings.read_only:
        return "This Lookalike is read-only."
    return store.writable(ctx.redis, library_id)


def _resolved(folder: Path) -> bytes:
    return os.path.realpath(os.fsencode(folder.expanduser()))


def _check_readable(root: bytes) -> None:
    shown = _display(root)
    if not os.path.lexists(root):
        raise InvalidRequest(f"There is no folder {shown}. Check how it is spelled.", code="no_such_folder")
    try:
        descriptor = open_folder(root)
        try:
            with os.scandir(descriptor):
                pass
        finally:
            os.close(descriptor)
    except NotADirectoryError:
        raise InvalidRequest(f"{shown} is no folder. Name the folder it is in.", code="no_folder") from None
    except OSError as error:
        raise InvalidRequest(f"The folder {shown} cannot be read: {error.strerror}.", code="no_access") from None


def _check_not_data(ctx: Context, root: bytes) -> None:
    data, demo = _resolved(ctx.settings.data), _resolved(ctx.settings.data / "demo")
    inside = root == data or root.startswith(data + b"/")
    if inside and root != demo and not root.startswith(demo + b"/"):
        raise InvalidRequest(
            "This is where Lookalike keeps its own data, which is no place for pictures. Name another folder.",
            code="data_folder",
        )


def _free_name(root: bytes, taken: set[str]) -> str:
    """The folder's own name; the whole path where another library has that name."""
    name = _display(root.rpartition(b"/")[2]) or "/"
    return _display(root) if name in taken else name


def _entry(root: bytes, path: bytes) -> FolderEntry:
    try:
        images, folders = _contents(root, path)
    except OSError:  # it is shown all the same; entering it says what is wrong
        images, folders = 0, []
    return FolderEntry(_display(path.rpartition(b"/")[2]), path, images, len(folders))


def _contents(root: bytes, path: bytes) -> tuple[int, list[bytes]]:
    """Number of files that look like images, and the names of the folders, sorted. Raises OSError, OutsideLibrary."""
    images, folders = 0, []
    descriptor = open_folder(root, path)
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(os.fsencode(entry.name))
                elif entry.name.lower().endswith(IMAGE_SUFFIXES) and entry.is_file(follow_symlinks=False):
                    images += 1
    finally:
        os.close(descriptor)
    return images, sorted(folders)


def _display(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
