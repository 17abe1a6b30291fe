"""Domain values as the API's models: how libraries, images, groups, batches and trash entries are shown."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from flask import url_for

from shared.context import Context
from shared.domain.deletion import Action
from shared.domain.folder_pairs import FolderPair, Side
from shared.domain.model import Group, Image, Library, Member, Signals
from shared.domain.proposals import proposable
from shared.domain.review import LOSSLESS, Decision
from shared.domain.scan import ScanRequest
from shared.layout import THUMBNAIL_SIZES
from shared.services import libraries, review
from shared.services.libraries import FolderEntry, FolderListing
from shared.services.trash import Batch, TrashEntry
from shared.services.trash_pages import Page
from web.api.answers import (
    BatchOut,
    Crumb,
    FolderChoice,
    FolderOut,
    FolderPairOut,
    FolderSide,
    GroupOut,
    ImageOut,
    LibraryOut,
    ListingOut,
    MemberOut,
    OutcomeOut,
    SignalsOut,
    SumOut,
    TrashEntryOut,
    TrashOut,
)
from web.api.path_bytes import encode
from web.api.schemas import VerdictRecord


def text(path: bytes) -> str:
    """A path for people; bytes that are not UTF-8 show as \\xNN."""
    return path.decode("utf-8", "backslashreplace")


def library(ctx: Context, shown: Library) -> LibraryOut:
    return LibraryOut(id=shown.id, name=shown.name, path=text(shown.root), read_only=libraries.writable(ctx, shown.id))


def folder(entry: FolderEntry) -> FolderOut:
    return FolderOut(name=entry.name, path_b64=encode(entry.path), images=entry.images, folders=entry.folders)


def listing(ctx: Context, found: FolderListing) -> ListingOut:
    return ListingOut(
        library=library(ctx, found.library),
        crumbs=_crumbs(found.library, found.here.path),
        here=folder(found.here),
        inside=[folder(entry) for entry in found.inside],
    )


def _crumbs(top: Library, path: bytes) -> list[Crumb]:
    parts = path.split(b"/") if path else []
    below = [Crumb(name=text(part), path_b64=encode(b"/".join(parts[: n + 1]))) for n, part in enumerate(parts)]
    return [Crumb(name=top.name, path_b64=""), *below]


Names = Mapping[str, str]
"""Libraries' names by id."""
Roots = Mapping[str, bytes]
"""Libraries' roots by id."""
Away = Mapping[str, tuple[str, Action]]
"""By image id the batch that moved it, and where to."""


def library_names(ctx: Context) -> Names:
    return {known.id: known.name for known in libraries.listed(ctx)}


def _place(names: Names, library_id: str, path: bytes) -> tuple[str, str]:
    """Where a file is in people's words (the library's name and the folder inside it), and its own name."""
    directory, name = os.path.split(path)
    return text(os.path.join(names.get(library_id, "?").encode(), directory).rstrip(b"/")), text(name)


def image(
    ctx: Context, scan_id: str, wanted: ScanRequest, shown: Image, names: Names, roots: Roots, away: Away
) -> ImageOut:
    batch_id, action = away.get(shown.id, (None, None))
    folder, name = _place(names, shown.library, shown.path)
    small, large = THUMBNAIL_SIZES
    return ImageOut(
        id=shown.id,
        digest=shown.digest,
        library=shown.library,
        name=name,
        folder=folder,
        path=review.display_path(ctx, shown.library, shown.path, roots),
        path_b64=None if _is_utf8(shown.path) else encode(shown.path),
        size=shown.size,
        modified=shown.mtime_ns / 1e9,
        width=shown.width,
        height=shown.height,
        format=shown.format,
        lossless=shown.format in LOSSLESS,
        frames=shown.frames,
        damaged=shown.damaged,
        **asdict(shown.facts),
        thumbnail=url_for("thumbnails.of_image", scan_id=scan_id, image_id=shown.id, size=small),
        preview=url_for("thumbnails.of_image", scan_id=scan_id, image_id=shown.id, size=large),
        trashed=batch_id,
        away=action,
        reference=wanted.is_reference(shown.library, shown.path),
    )


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def signals(shown: Signals | None) -> SignalsOut | None:
    return None if shown is None else SignalsOut(**asdict(shown), proposable=proposable(shown))


def members(ctx: Context, scan_id: str, shown: Sequence[Member]) -> list[MemberOut]:
    """Images of a result; workers are asked at once for the thumbnails that are missing."""
    ids = [member.image.id for member in shown]
    review.request_thumbnails(ctx, scan_id, ids)
    names, roots, wanted = library_names(ctx), review.roots(ctx), review.wanted(ctx, scan_id)
    trashed = review.trashed(ctx, scan_id, ids)
    actions = review.actions(ctx, trashed.values())
    away = {image_id: (batch_id, actions[batch_id]) for image_id, batch_id in trashed.items()}
    return [
        MemberOut(image=image(ctx, scan_id, wanted, member.image, names, roots, away), signals=signals(member.signals))
        for member in shown
    ]


def groups(ctx: Context, scan_id: str, shown: Sequence[Group], cursors: Sequence[str]) -> list[GroupOut]:
    found = iter(members(ctx, scan_id, [member for group in shown for member in group.members]))
    return [
        GroupOut(
            id=group.id,
            keeper=group.keeper.id,
            kind=group.kind,
            similarity=group.similarity,
            freed=group.freed,
            cursor=cursor,
            members=[next(found) for _ in group.members],
        )
        for group, cursor in zip(shown, cursors, strict=True)
    ]


def folder_choice(names: Names, library_id: str, path: bytes, groups: int) -> FolderChoice:
    shown = text(os.path.join(names.get(library_id, "?").encode(), path).rstrip(b"/"))
    return FolderChoice(library=library_id, folder_b64=encode(path), folder=shown, groups=groups)


def folder_pair(names: Names, shown: FolderPair) -> FolderPairOut:
    return FolderPairOut(one=_side(names, shown.one), other=_side(names, shown.other), groups=shown.groups)


def _side(names: Names, shown: Side) -> FolderSide:
    library_id, path = shown.folder
    folder = text(os.path.join(names.get(library_id, "?").encode(), path).rstrip(b"/"))
    return FolderSide(
        library=library_id,
        folder_b64=encode(path),
        folder=folder,
        images=shown.images,
        total=shown.total,
        size=shown.size,
    )


def decision(shown: Decision) -> VerdictRecord:
    thumbnails = tuple(url_for("thumbnails.of_content", digest=digest) for digest in (shown.a, shown.b))
    return VerdictRecord(
        a=shown.a,
        b=shown.b,
        verdict=shown.verdict,
        names=shown.names,
        decided=shown.decided,
        thumbnails=(thumbnails[0], thumbnails[1]),
    )


def batch(ctx: Context, shown: Batch) -> BatchOut:
    roots = review.roots(ctx)
    outcomes = [
        OutcomeOut(
            image=outcome.image,
            path=review.display_path(ctx, outcome.library, outcome.path, roots),
            size=outcome.size,
            state=outcome.state,
            code=outcome.code,
            reason=outcome.reason,
        )
        for outcome in shown.outcomes
    ]
    return BatchOut(
        id=shown.id, kind=shown.kind, state=shown.state, created=shown.created, outcomes=outcomes, plan=shown.plan
    )


def trash_page(ctx: Context, shown: Page) -> TrashOut:
    names, roots = library_names(ctx), review.roots(ctx)
    entries = [
        _trash_entry(entry, names, review.display_path(ctx, entry.library, entry.path, roots), along)
        for entry, along in shown.entries
    ]
    sums = {name: SumOut.model_validate(found, from_attributes=True) for name, found in shown.sums.items()}
    whole = SumOut.model_validate(shown.whole, from_attributes=True)
    return TrashOut(entries=entries, sums=sums, whole=whole, next=shown.next)


def _trash_entry(shown: TrashEntry, names: Names, path: str, along: Sequence[bytes]) -> TrashEntryOut:
    folder, name = _place(names, shown.library, shown.path)
    return TrashEntryOut(
        id=shown.id,
        batch=shown.batch,
        image=shown.image,
        library=shown.library,
        name=name,
        folder=folder,
        path=path,
        size=shown.size,
        deleted=shown.deleted,
        thumbnail=url_for("thumbnails.of_content", digest=shown.digest),
        action=shown.action,
        plan=shown.plan,
        companions=[text(os.path.split(companion)[1]) for companion in along],
    )
