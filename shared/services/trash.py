"""Move images to their library's trash, bring them back, purge them; as batches that workers carry out.

Invariant: a batch never dooms all copies of a picture, as far as the result tells; workers check it again on the
files themselves before each move.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from shared.context import Context
from shared.domain.deletion import (
    Action,
    Batch,
    BatchKind,
    BatchState,
    Item,
    Outcome,
    OutcomeState,
    Survivor,
    TrashEntry,
    leader,
)
from shared.domain.errors import Conflict, InvalidRequest, NotFound
from shared.domain.model import Group, Image
from shared.domain.scan import Folder, ScanKind, ScanRequest
from shared.names import RUN_BATCH
from shared.services import access, libraries, review
from shared.store import batches, journal, scans
from shared.store.results import ResultReader

__all__ = [
    "Batch",
    "Outcome",
    "TrashEntry",
    "batch",
    "delete",
    "last_batch",
    "listed",
    "purge",
    "purge_until",
    "restorable",
    "restore",
]

_MAX_SURVIVORS = 8
"""Copies that are named to a worker as ones that stay; it needs one."""


def delete(
    ctx: Context, scan_id: str, image_ids: Sequence[str], confirmed: bool = False, action: Action = Action.TRASH,
    target: Folder | None = None,
) -> str:  # fmt: skip
    """Ask for images of a result to be moved to the trash, or as ``action`` says; returns the batch's id.

    ``target`` is the folder for the action move, below which files keep the folders they were in.

    Raises:
        NotFound: scan or image.
        Conflict: code ``last_copy`` where nothing of a group would stay (never allowed);
            code ``no_other_copy`` where a search's match has no other known copy and ``confirmed`` is False;
            code ``not_writable`` where a library cannot be written, with the reason;
            code ``reference`` where an image lies in a reference folder of the scan.
        InvalidRequest: no image was named.
    """
    wanted = list(dict.fromkeys(image_ids))
    if not wanted:
        raise InvalidRequest("No image was chosen. Choose at least one image to delete.")
    check_target(ctx, action, target)
    scan = scans.get(ctx.redis, scan_id)
    with review.deciding(ctx, scan_id) as reader:  # what was decided to be another picture saves no copy
        doomed = {image_id: reader.image(image_id) for image_id in wanted}
        _check_writable(ctx, doomed.values())
        _check_reference(scan.request, doomed.values())
        gone = _Gone(ctx, scan_id, doomed)
        if scan.request.kind is ScanKind.FIND:
            choices = list(_of_search(reader, doomed, gone, confirmed))
        else:
            choices = list(_of_groups(reader, doomed, gone))
    batch_id = uuid.uuid4().hex
    items = [
        replace(_item(batch_id, n, image, stay, confirmed), action=action, target=target)
        for n, (image, stay) in enumerate(choices)
    ]
    return _send(ctx, batch_id, BatchKind.TRASH, items)


def restore(ctx: Context, batch_id: str, entry_ids: Sequence[str] | None = None) -> str:
    """Ask for what a batch moved (or some of it) to be brought back; returns the new batch's id.

    Raises NotFound; Conflict where nothing of it is in the trash any more.
    """
    known = batch(ctx, batch_id)
    there = [entry for entry in restorable(ctx) if entry.batch == batch_id]
    if entry_ids is not None:
        _check_known(known, entry_ids)
        there = [entry for entry in there if entry.id in set(entry_ids) or entry.leader in set(entry_ids)]
    if not there:
        raise Conflict("Nothing of this is in the trash any more: it was restored or purged.", code="not_in_trash")
    return _send(ctx, uuid.uuid4().hex, BatchKind.RESTORE, [_of_entry(entry) for entry in there])


def purge(ctx: Context, entry_ids: Sequence[str], confirmed: bool = False) -> str:
    """Ask for entries to be removed for good; returns the batch's id.

    Raises NotFound; Conflict (code ``not_confirmed``) unless ``confirmed``; InvalidRequest where none is named.
    """
    if not entry_ids:
        raise InvalidRequest("Nothing was chosen. Choose at least one entry of the trash.")
    there, wanted = listed(ctx), set(entry_ids)
    if wanted - {entry.id for entry in there}:
        raise _nothing_there()
    if not confirmed:
        raise Conflict("Purged files cannot be brought back. Confirm to remove them for good.", code="not_confirmed")
    doomed = [entry for entry in there if entry.id in wanted or entry.leader in wanted]
    return _send(ctx, uuid.uuid4().hex, BatchKind.PURGE, [_of_entry(entry) for entry in doomed])


def purge_until(ctx: Context, until: float, confirmed: bool = False) -> str:
    """Ask for all that was deleted by a time (seconds since the epoch) to be removed for good. Raises as :func:`purge`,
    NotFound where there is nothing."""
    wanted = [entry.id for entry in listed(ctx) if entry.deleted <= until]
    if not wanted:
        raise _nothing_there()
    return purge(ctx, wanted, confirmed)


def _nothing_there() -> NotFound:
    return NotFound("This is not in the trash any more: it was restored or purged.", code="not_in_trash")


def batch(ctx: Context, batch_id: str) -> Batch:
    """How far a batch is; from the journal where Redis does not know it. Raises NotFound."""
    try:
        return batches.get(ctx.redis, batch_id)
    except NotFound:
        history = journal.histories(ctx.layout).get(batch_id)
        if history is None or not history.moves:
            raise
        return _of_journal(batch_id, history)


def last_batch(ctx: Context) -> Batch | None:
    """The latest batch of kind trash of which something is still in the trash: what Undo brings back."""
    latest = next(iter(restorable(ctx)), None)
    return None if latest is None else batch(ctx, latest.batch)


def listed(ctx: Context) -> list[TrashEntry]:
    """What lies in the trash of all libraries, latest first; read from the journals."""
    return [entry for entry in restorable(ctx) if entry.action is not Action.MOVE]


def restorable(ctx: Context) -> list[TrashEntry]:
    """What can be brought back, from the trash or from a folder, latest first; read from the journals."""
    return journal.entries(ctx.layout)


def _check_reference(wanted: ScanRequest, images: Iterable[Image]) -> None:
    if any(wanted.is_reference(image.library, image.path) for image in images):
        raise Conflict(
            "One of these lies in a reference folder of this scan: nothing is deleted there. Leave it out.",
            code="reference",
        )


def check_target(ctx: Context, action: Action, target: Folder | None) -> None:
    """Raises InvalidRequest, NotFound, Conflict where an action and its folder do not fit or it cannot be written."""
    if (action is Action.MOVE) != (target is not None):
        raise InvalidRequest("Name the folder to move pictures to, for that action and no other.", code="no_target")
    if target is not None:
        libraries.browse(ctx, target.library, target.path)  # it must be there, and inside
        reason = libraries.writable(ctx, target.library)
        if reason is not None:
            raise Conflict(reason, code="not_writable")


class _Gone:
    """Which images will not stay: those doomed now, and those that lie in the trash already."""

    def __init__(self, ctx: Context, scan_id: str, doomed: dict[str, Image]) -> None:
        self._ctx = ctx
        self._scan_id = scan_id
        self._doomed = doomed

    def staying(self, images: Sequence[Image]) -> list[Image]:
        left = [image for image in images if image.id not in self._doomed]
        away = review.trashed(self._ctx, self._scan_id, [image.id for image in left])
        return [image for image in left if image.id not in away]


def _of_groups(reader: ResultReader, doomed: dict[str, Image], gone: _Gone) -> Iterator[tuple[Image, list[Image]]]:
    groups: dict[int, tuple[Group, list[Image]]] = {}
    for image in doomed.values():
        group = reader.group_of(image.id)
        if group is None:
            raise Conflict(f"{_name(image)} is in no group, so no copy of it is known to stay.", code="last_copy")
        if group.id not in groups:
            groups[group.id] = group, gone.staying([member.image for member in group.members])
        yield image, _survivors_of(image, *groups[group.id])


def _survivors_of(image: Image, group: Group, staying: list[Image]) -> list[Image]:
    """Copies of which one must be there when the image goes: equal ones first, then what it is known to match.

    A member is only known to match the keeper, so where the keeper stays no other like-looking member will do. Because
    of a damaged file no whole one goes.
    """
    if not staying:
        raise Conflict("Nothing of this group would stay. Leave at least one image of it unchosen.", code="last_copy")
    keeper_stays = group.keeper.id in {other.id for other in staying}
    likely = [group.keeper] if keeper_stays else staying
    equal = [other for other in staying if other.digest == image.digest]
    found = {other.id: other for other in (*equal, *likely) if image.damaged or not other.damaged}
    if not found:
        raise Conflict(
            f"What would stay of {_name(image)} is damaged. Leave a whole image of it unchosen.", code="last_copy"
        )
    return list(found.values())


def _of_search(
    reader: ResultReader, doomed: dict[str, Image], gone: _Gone, confirmed: bool
) -> Iterator[tuple[Image, list[Image]]]:
    staying = gone.staying([member.image for member in reader.matches()])
    for image in doomed.values():
        equal = [other for other in staying if other.digest == image.digest]
        if not equal and not confirmed:
            raise Conflict(
                f"No other copy of {_name(image)} is known. Confirm to move it to the trash all the same.",
                code="no_other_copy",
            )
        yield image, equal


def _check_writable(ctx: Context, images: Iterable[Image]) -> None:
    for library_id in dict.fromkeys(image.library for image in images):
        reason = libraries.writable(ctx, library_id)
        if reason is not None:
            raise Conflict(reason, code="not_writable")


def _check_known(known: Batch, entry_ids: Sequence[str]) -> None:
    if any(entry_id.partition(".")[0] != known.id for entry_id in entry_ids):
        raise NotFound("This batch moved no such file.", code="no_such_entry")


def _send(ctx: Context, batch_id: str, kind: BatchKind, items: Sequence[Item]) -> str:
    access.check_changes(ctx.settings)
    batches.create(ctx.redis, batch_id, kind, items, time.time())
    ctx.send(RUN_BATCH, batch_id)
    return batch_id


def _entry_id(batch_id: str, number: int) -> str:
    return f"{batch_id}.{number}"


def _item(batch_id: str, number: int, image: Image, stay: Sequence[Image], confirmed: bool) -> Item:
    survivors = tuple(Survivor(i.library, i.path, i.digest) for i in stay[:_MAX_SURVIVORS])
    return Item(
        entry=_entry_id(batch_id, number),
        image=image.id,
        library=image.library,
        path=image.path,
        size=image.size,
        digest=image.digest,
        survivors=survivors,
        unprotected=confirmed and not survivors,
    )


def _of_entry(entry: TrashEntry) -> Item:
    return Item(entry.id, entry.image, entry.library, entry.path, entry.size, entry.digest)


def _of_journal(batch_id: str, history: journal.History) -> Batch:
    pictures = [entry for entry in history.moves if leader(entry) is None]
    moves = [history.moves[entry] for entry in sorted(pictures, key=lambda entry: int(entry.partition(".")[2]))]
    outcomes = []
    for move in moves:
        known = history.outcomes.get(move.entry)
        state = OutcomeState.WAITING if known is None else OutcomeState.DONE if known.done else OutcomeState.REFUSED
        code, reason = (None, None) if known is None else (known.code, known.reason)
        outcomes.append(Outcome(move.image, move.library, move.path, move.size, state, code, reason))
    return Batch(batch_id, moves[0].kind, BatchState.DONE, moves[0].deleted, tuple(outcomes))


def _name(image: Image) -> str:
    return image.path.rpartition(b"/")[2].decode("utf-8", "backslashreplace")
