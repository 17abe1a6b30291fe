"""Read what a scan found: groups page by page, matches of a search, thumbnails."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.context import Context
from shared.domain.deletion import Action
from shared.domain.errors import Conflict, InvalidRequest, NotFound
from shared.domain.folder_pairs import FolderPair
from shared.domain.model import Group, Image, Member
from shared.domain.review import GroupFilter, Show, Sort
from shared.domain.scan import ENDED, ScanRequest, State
from shared.layout import THUMBNAIL_SIZES
from shared.names import MAKE_THUMBNAILS
from shared.services import settled
from shared.store import batches, keys, libraries, results, scans

_ASK_AGAIN_S = 30
_MOST_FOLDERS = 200
_MOST_PAIRS = 200
EVERYTHING = GroupFilter()


@contextmanager
def _reading(ctx: Context, scan_id: str) -> Iterator[results.ResultReader]:
    scans.get(ctx.redis, scan_id)  # an unknown scan is NotFound, one without a result a Conflict
    with results.opened(ctx.layout.result(scan_id)) as reader:
        yield reader


def wanted(ctx: Context, scan_id: str) -> ScanRequest:
    """What a scan was asked for. Raises NotFound."""
    return scans.get(ctx.redis, scan_id).request


@contextmanager
def deciding(ctx: Context, scan_id: str, show: Show = Show.OPEN, whole: bool = False) -> Iterator[results.ResultReader]:
    """A result without what has a verdict: a group holds only what still counts as alike (``whole``: all of it).

    ``show`` other than open also tells apart the groups of which something was moved. Raises NotFound, Conflict.
    """
    scans.get(ctx.redis, scan_id)  # before a path is made of the id
    result = ctx.layout.result(scan_id)
    before = settled.identity(result)
    with _reading(ctx, scan_id) as reader:
        if show is not Show.OPEN:
            reader.touch(away(ctx, scan_id))
        is_same = before == settled.identity(result)  # else it was grouped anew just now: either may have been opened
        reader.settle(settled.of(ctx, before if is_same else None, reader), whole=whole)
        yield reader


@contextmanager
def _images(ctx: Context, scan_id: str) -> Iterator[results.ResultReader]:
    """The images of a result, or while there is none, of what was found so far."""
    scans.get(ctx.redis, scan_id)
    with results.opened(results.latest(ctx.layout, scan_id)) as reader:
        yield reader


@dataclass(frozen=True, slots=True)
class GroupPage:
    """Some groups, each with the cursor that stands at it. ``total`` counts all that are wanted: on the first page."""

    groups: list[Group]
    cursors: list[str]
    more: bool
    total: int | None


def groups(
    ctx: Context, scan_id: str, wanted: GroupFilter = EVERYTHING, sort: Sort = Sort.FREED, after: str = "",
    limit: int = 20,
) -> GroupPage:  # fmt: skip
    """Groups that follow the cursor ``after`` (empty: the first ones), the most of ``sort`` first.

    What has a verdict is left out, but where decided groups are asked for. Raises NotFound; Conflict while the scan
    has not ended well; InvalidRequest for a cursor that is none.
    """
    with deciding(ctx, scan_id, wanted.show, whole=wanted.show is Show.DECIDED) as reader:
        found = reader.page(wanted, sort, after, limit + 1)
        cursors = [reader.cursor(group.id, sort) for group in found[:limit]]
        total = None if after else reader.count(wanted)
    return GroupPage(found[:limit], cursors, len(found) > limit, total)


def provisional(ctx: Context, scan_id: str, sort: Sort, after: str, limit: int) -> tuple[GroupPage, float]:
    """Groups that a scan which still compares has found so far, and when that was (epoch seconds).

    They are to be looked at, not decided on: what is compared later may change every one of them. Raises NotFound;
    Conflict where there are none: it has not compared for long, or it has ended; InvalidRequest for a cursor that is
    none.
    """
    ended = State(scans.fields(ctx.redis, scan_id)["state"]) in ENDED
    path = ctx.layout.provisional(scan_id)
    if ended or not path.exists():
        raise Conflict("This scan shows no groups yet, or it has ended.", code="nothing_yet")
    made = path.stat().st_mtime
    with results.opened(path) as reader:
        found = reader.page(EVERYTHING, sort, after, limit + 1)
        cursors = [reader.cursor(group.id, sort) for group in found[:limit]]
        total = None if after else reader.count(EVERYTHING)
    return GroupPage(found[:limit], cursors, len(found) > limit, total), made


def group(ctx: Context, scan_id: str, group_id: int, sort: Sort = Sort.FREED) -> tuple[Group, str]:
    """A group and the cursor that stands at it. Raises NotFound, Conflict."""
    with deciding(ctx, scan_id) as reader:
        return reader.group(group_id), reader.cursor(group_id, sort)


def choices(ctx: Context, scan_id: str) -> tuple[list[str], list[tuple[str, bytes, int]]]:
    """What groups can be filtered by: formats; library, folder and number of groups of the folders with the most."""
    with _reading(ctx, scan_id) as reader:
        return reader.formats(), reader.folders(_MOST_FOLDERS)


def folder_pairs(ctx: Context, scan_id: str) -> list[FolderPair]:
    """Which folders hold the same pictures, by how much of the one is in the other, and its bytes. Raises as groups."""
    with _reading(ctx, scan_id) as reader:
        return reader.folder_pairs(_MOST_PAIRS)


def matches(ctx: Context, scan_id: str) -> list[Member]:
    """Matches of a search (ScanKind.FIND), best first. Raises NotFound, Conflict."""
    with _reading(ctx, scan_id) as reader:
        return reader.matches()


def image(ctx: Context, scan_id: str, image_id: str) -> Image:
    """One image of a result. Raises NotFound, Conflict."""
    with _images(ctx, scan_id) as reader:
        return reader.image(image_id)


def thumbnail(ctx: Context, scan_id: str, image_id: str, size: int) -> Path | None:
    """The thumbnail's file (WebP); None when it is not made yet: a worker has been asked, come back soon.

    ``size`` is one of shared.layout.THUMBNAIL_SIZES. Raises NotFound, InvalidRequest.
    """
    if size not in THUMBNAIL_SIZES:
        raise InvalidRequest(f"Thumbnails have the sizes {', '.join(map(str, THUMBNAIL_SIZES))}.")
    path = ctx.layout.thumbnail(image(ctx, scan_id, image_id).digest, size)
    if path.exists():
        return path
    request_thumbnails(ctx, scan_id, [image_id])
    return None


def request_thumbnails(ctx: Context, scan_id: str, image_ids: Sequence[str]) -> None:
    """Ask workers for those of a whole page that are not made yet, in one task."""
    with _images(ctx, scan_id) as reader:
        digests = {image_id: reader.image(image_id).digest for image_id in image_ids}
    missing = [i for i, d in digests.items() if not all(ctx.layout.thumbnail(d, s).exists() for s in THUMBNAIL_SIZES)]
    fresh = [i for i in missing if ctx.redis.set(keys.thumbnail(scan_id, i), 1, nx=True, ex=_ASK_AGAIN_S)]
    if fresh:
        ctx.send(MAKE_THUMBNAILS, scan_id, fresh)


def trashed(ctx: Context, scan_id: str, image_ids: Sequence[str]) -> dict[str, str]:
    """Which of these images of a scan lie in the trash: image id to batch id. Raises NotFound.

    A file that was moved before the scan was asked for is another one than the scan found in its place.
    """
    return _trashed_since(ctx, scan_id, batches.trashed(ctx.redis, image_ids))


def actions(ctx: Context, batch_ids: Iterable[str]) -> dict[str, Action]:
    """Where batches took their files: to the trash where that is not known."""
    wanted = sorted(set(batch_ids))
    return dict.fromkeys(wanted, Action.TRASH) | batches.actions(ctx.redis, wanted)


def away(ctx: Context, scan_id: str) -> dict[str, str]:
    """All images of a scan that were moved since: image id to batch id; others may be among them. Raises NotFound."""
    return _trashed_since(ctx, scan_id, batches.all_trashed(ctx.redis))


def _trashed_since(ctx: Context, scan_id: str, moved: dict[str, str]) -> dict[str, str]:
    scanned = float(scans.fields(ctx.redis, scan_id)["created"])
    known = sorted(set(moved.values()))
    times = dict(zip(known, batches.created(ctx.redis, known), strict=True))
    return {i: batch for i, batch in moved.items() if (at := times[batch]) is None or at >= scanned}


def display_path(ctx: Context, library: str, path: bytes, roots: Mapping[str, bytes] | None = None) -> str:
    """A file's absolute path as text for people; bytes that are not UTF-8 show as \\xNN.

    A library that is no longer known shows as the path inside it. ``roots`` are those of the libraries by id, where
    the caller has many paths to show.
    """
    root = _root(ctx, library) if roots is None else roots.get(library, b"")
    return os.path.join(root, path).rstrip(b"/").decode("utf-8", "backslashreplace") or "/"  # bytes


def roots(ctx: Context) -> dict[str, bytes]:
    """The roots of all libraries, by id."""
    return {library.id: library.root for library in libraries.listed(ctx.redis)}


def _root(ctx: Context, library: str) -> bytes:
    try:
        return libraries.get(ctx.redis, library).root
    except NotFound:
        return b""
