"""The key that signs browsers' cookies: made once, kept in the data folder for its owner alone.

Invariant: every process on a data folder signs with the same key, and another password makes another key, so
that a changed password signs everybody out.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from shared.domain.errors import Unavailable

_BYTES = 32


def derive(file: Path, password: str) -> bytes:
    """The key for this password. Raises Unavailable where the data folder cannot be read or written."""
    try:
        kept = _kept(file)
    except OSError as error:
        raise Unavailable(
            f"The key that signs cookies cannot be kept in {file}: {error.strerror}. The data folder (LOOKALIKE_DATA) "
            "must belong to the user who runs the page."
        ) from error
    return hmac.digest(kept, password.encode("utf-8", "surrogatepass"), hashlib.sha256)


def _kept(file: Path) -> bytes:
    if not file.exists():
        _make(file)
    return file.read_bytes()


def _make(file: Path) -> None:
    """Appears whole or not at all; where two processes make one at a time, the first stays."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as written:
            written.write(secrets.token_bytes(_BYTES))
            written.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
