"""Which form of data this Lookalike reads and writes: one number, for the data folder and Redis together.

Invariant: data of another form is not opened at all, rather than half understood. A release that changes the form
raises FORMAT and either reads the earlier one too or says here what to do.
"""

from __future__ import annotations

import os
from pathlib import Path

from shared.context import Context
from shared.domain.errors import Unavailable
from shared.store import keys

FORMAT = 1
MARK = "format"
"""The file in the data folder that holds the number."""


class OtherFormat(Unavailable):
    """The data were written by another release."""

    code = "other_format"


def admit(ctx: Context) -> None:
    """Check the data folder and Redis, and mark both where they are new; call it before anything else is done.

    Raises:
        OtherFormat: they were written by another release.
        OSError, RedisError: they cannot be read.
    """
    _mark(ctx.layout.root)
    check_folder(ctx.layout.root)
    ctx.redis.set(keys.FORMAT, FORMAT, nx=True)
    _check(_number(ctx.redis.get(keys.FORMAT)), "this Redis")


def check_folder(root: Path) -> None:
    """Check a data folder and change nothing; one that is new is as good as any. Raises as :func:`admit`."""
    mark = root / MARK
    if mark.exists():
        _check(_number(mark.read_bytes()), f"the data folder {root}")


def _mark(root: Path) -> None:
    mark = root / MARK
    if mark.exists():
        return
    root.mkdir(parents=True, exist_ok=True)
    draft = mark.with_name(f".{MARK}.{os.getpid()}")
    draft.write_text(f"{FORMAT}\n")
    draft.replace(mark)  # whoever else does this now writes the same


def _number(text: object) -> int | None:
    return int(text) if isinstance(text, bytes) and text.strip().isdigit() else None


def _check(found: int | None, where: str) -> None:
    if found == FORMAT:
        return
    if found is not None and found > FORMAT:
        remedy = "They were written by a newer Lookalike: install that one or a later one."
    else:
        remedy = "Use the release that wrote them, or begin anew: nothing in the libraries is lost by that."
    raise OtherFormat(
        f"The data in {where} have format {'unknown' if found is None else found}, and this Lookalike reads format"
        f" {FORMAT}. {remedy} To begin anew, set LOOKALIKE_DATA to an empty folder and, with a Redis of your own,"
        " LOOKALIKE_REDIS_URL to an empty database; what lies in a library's trash can still be restored by hand."
    )
