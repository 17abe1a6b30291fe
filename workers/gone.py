"""A library that went away while it was read: a disk unplugged, a share unmounted.

Invariant: files that are missing because their library is, never end up in a result as files that vanished.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from shared.context import Context
from shared.domain.errors import ScanFailed
from shared.store import libraries
from shared.store import scans as store
from shared.store.scans import Scan

CODES = frozenset({"vanished", "read_failed"})
"""What reading a file fails with where its library is gone."""


def field(library_id: str) -> str:
    """The field of a scan that holds the identity of a library's root, as it was when the library was walked."""
    return f"root:{library_id}"


def identity(root: bytes) -> str:
    """Device and inode of a root, empty where there is none; that of an empty mount point is another one."""
    try:
        found = Path(os.fsdecode(root)).stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def check_there(ctx: Context, scan: Scan, failed: Iterable[tuple[str, str]]) -> None:
    """Look after the libraries of files that could not be read, given as (library id, code of the failure).

    Raises:
        ScanFailed: one of them is not there, or something else is in its place.
    """
    for library_id in {library_id for library_id, code in failed if code in CODES and library_id != ""}:
        library = libraries.get(ctx.redis, library_id)
        if identity(library.root) != store.fields(ctx.redis, scan.id).get(field(library_id)):
            shown = library.root.decode("utf-8", "backslashreplace")
            raise ScanFailed(
                f"The library {shown} went away during the scan. If it is on a disk or share, connect it and scan"
                " again; what was read is kept.",
                code="library_missing",
            )
