"""Whether deletion works in a library, as the one process that may write there sees it.

Invariant: the answer is a files worker's; the web process has libraries mounted read-only in containers.
"""

from __future__ import annotations

import os

from shared.confined import open_folder
from shared.context import Context
from shared.domain.errors import LookalikeError
from shared.domain.model import Library
from shared.store import libraries
from workers.files.can import can_name, check_can


def report(ctx: Context, library: Library) -> str | None:
    """Look, and tell everybody through Redis; returns why deletion is off, None where it is on."""
    reason = obstacle(library.root)
    libraries.put_writable(ctx.redis, library.id, reason)
    return reason


def obstacle(root: bytes) -> str | None:
    """Why nothing can be deleted in a library, None where it can. Nothing is written to find out."""
    try:
        folder = open_folder(root)
    except LookalikeError as error:
        return error.message
    except OSError as error:
        return f"The library's folder cannot be opened: {error.strerror}."
    try:
        return _obstacle(folder)
    finally:
        os.close(folder)


def _obstacle(folder: int) -> str | None:
    if os.fstatvfs(folder).f_flag & os.ST_RDONLY:
        return "The library is mounted read-only, so nothing can be moved to its trash."
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=True):
        return "The files worker may not write at the library's top, where its trash would lie. Give it permission."
    try:
        check_can(folder, can_name())
    except FileNotFoundError:
        return None
    except LookalikeError as error:
        return error.message
    except OSError as error:
        return f"The library's trash folder cannot be opened: {error.strerror}."
    return None
