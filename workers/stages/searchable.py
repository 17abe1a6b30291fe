"""What a search need not find out again: the tables of the latest finished scan of the same folders.

Invariant: what is taken over holds every feature that the search needs, and the blocks that it compares with are there;
else there is nothing to take over, and the search walks its folders itself.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from shared.context import Context
from shared.domain.errors import NotFound, ScanFailed
from shared.domain.scan import Folder, outermost
from shared.store import finished
from shared.store import scans as store
from shared.store.scans import Scan
from shared.whole import written_whole
from workers import cover, spaces, tables

_TABLES = ("images", "contents", "blocks")
VOTES = "votes"
"""Folders in that of a scan whose name begins so hold the tables that parts of pictures are looked up in."""


def latest(ctx: Context, scan: Scan) -> Scan | None:
    """The scan whose tables serve a search; None for a scan, a search that is to walk, and where there is none."""
    if scan.request.upload is None or scan.request.fresh:
        return None
    return next((base for base in finished.latest(ctx.redis) if _serves(ctx, base, scan)), None)


def _serves(ctx: Context, base: Scan, scan: Scan) -> bool:
    same = _folders(base) == _folders(scan) and set(spaces.needed(ctx, scan)) <= set(spaces.needed(ctx, base))
    return same and base.index is not None and _there(ctx, base)


def _folders(scan: Scan) -> list[Folder]:
    return outermost(scan.request.walked)


def _there(ctx: Context, base: Scan) -> bool:
    """Whether its tables and blocks are there still; notes that the blocks are of use."""
    if not all(_table(ctx, base, name).is_file() for name in _TABLES):
        return False
    names = tables.read(ctx, base.id, tables.indexed(base, "blocks"), ["block"])["block"].to_pylist()
    return all(cover.touch(ctx.layout.comparison / "blocks", name) for name in names)


def counts(ctx: Context, base: Scan) -> dict[str, int | str]:
    """What a search that goes by ``base`` tells of itself from the start."""
    fields = store.fields(ctx.redis, base.id)
    images = int(fields.get("images", 0))
    told: dict[str, int | str] = {"images": images, "images_done": images, "images_known": images}
    return told | {"unreadable": int(fields.get("unreadable", 0)), "base": base.id, "as_of": fields["created"]}


def take_over(ctx: Context, scan: Scan, base_id: str) -> None:
    """Give a search the tables of the scan ``base`` as its own, so that they stay if that one is deleted.

    Raises:
        ScanFailed: it is deleted already.
    """
    try:
        base = store.get(ctx.redis, base_id)
        for name in _TABLES:
            _link(_table(ctx, base, name), _table(ctx, scan, name))
        _link(*(tables.path(ctx, one.id, "unreadable") for one in (base, scan)))
        for votes in ctx.layout.scan(base.id).glob(f"{VOTES}-*/*"):
            _link(votes, ctx.layout.scan(scan.id) / votes.parent.name / votes.name)
    except (NotFound, FileNotFoundError) as error:
        raise ScanFailed(
            "The scan that this search was to go by was deleted meanwhile. Search again.", code="table_lost"
        ) from error


def _table(ctx: Context, scan: Scan, name: str) -> Path:
    return tables.path(ctx, scan.id, tables.indexed(scan, name))


def _link(theirs: Path, mine: Path) -> None:
    """The same file under a second name, since tables are never changed; a copy where the disk knows no such names."""
    mine.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(theirs, mine)
    except FileExistsError:  # from an earlier attempt of this unit
        return
    except FileNotFoundError:
        raise
    except OSError:
        with written_whole(mine) as draft:
            shutil.copyfile(theirs, draft)
