"""The transaction of a move: intent, attempt, look, outcome. With the modules it uses, all that moves a user's file.

Invariant: a file's bytes are always under at least one name that the journal tells. What really happened is always
decided by ``workers.files.settle`` looking at the file system, after an attempt just as after a crash.
Callers hold ``shared.store.journal.locked``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from shared.confined import parent
from shared.domain.deletion import Action, BatchKind
from shared.domain.errors import LookalikeError
from shared.layout import Layout
from shared.store import journal as journals
from shared.store.journal import Journal, Move
from workers.files import can as cans
from workers.files import links, site
from workers.files.can import candidates
from workers.files.relocate import Spot, into_folder, into_private, out_of_private
from workers.files.settle import settle
from workers.files.verify import Copy, Refused, digest_at, must_be_there, refusing, surviving, verified


def put_away(journal: Journal, move: Move, survivors: tuple[Copy, ...], unprotected: bool) -> None:
    """Take a file where its action says, if it and a survivor are as scanned.

    ``move`` lacks can, name and survivor; its target, for the action move, is where the file would best lie: the last
    name gets a count where it is taken.

    Raises Refused; OSError where the journal cannot be written.
    """
    doomed = verified(Copy(move.root, move.path, move.digest))
    if move.action is Action.LINK:
        survivors = tuple(copy for copy in survivors if copy.digest == move.digest)
        if not survivors:
            raise Refused("not_identical")
    survivor = None if unprotected and not survivors else surviving(survivors, doomed)
    move = replace(move, survivor=None if survivor is None else (survivor.root, survivor.path))
    with refusing():
        move = _with_place(move, doomed)
    _carry_out(journal, move, partial(_put_in, move, doomed))


def _with_place(move: Move, doomed: os.stat_result) -> Move:
    """Choose a free name, in the trash or in the folder. Raises Refused, OutsideLibrary, OSError."""
    if move.target is not None:
        root, path = move.target
        must_be_there(root)
        with parent(root, path, create=True) as (folder, name):
            longest = os.fpathconf(folder, "PC_NAME_MAX")
            free = next(one for one in candidates(name, longest) if Spot(folder, one).status() is None)
        return replace(move, target=(root, path[: len(path) - len(name)] + free))
    with cans.opened(move.root, cans.can_name(), create=True) as can:
        kept = site.survivor_status(move)
        if move.action is Action.LINK:
            if kept is None:
                raise Refused("survivor_missing")
            links.check(move, doomed, kept, can.files)
        return replace(move, can=cans.can_name(), name=can.free_name(move.path))


def restore(journal: Journal, trashed: Move, batch: str) -> None:
    """Bring a file back to its old place, over nothing but the link that took it. ``trashed`` is how it went away.

    Raises Refused; OSError where the journal cannot be written.
    """
    kept = trashed.survivor if trashed.action is Action.LINK else None
    move = replace(trashed, kind=BatchKind.RESTORE, batch=batch, survivor=kept)
    with refusing(), site.opened(move) as found:
        if found.trashed is None:
            raise Refused("vanished")
        linked = move.action is Action.LINK and found.at_home is not None and site.holds(found.at_home, move.digest)
        if found.at_home is not None and not linked:
            raise Refused("occupied")
        _check_trashed(move, found.trashed)
    _carry_out(journal, move, partial(links.bring_back if linked else _bring_back, move))


def purge(journal: Journal, trashed: Move, batch: str) -> None:
    """Remove a file in the trash for good; one that is gone already counts as removed.

    Raises Refused; OSError where the journal cannot be written.
    """
    move = replace(trashed, kind=BatchKind.PURGE, batch=batch, survivor=None)
    with refusing(), site.opened(move) as found:
        if found.can is None:
            raise Refused("vanished")
        if found.trashed is not None:
            _check_trashed(move, found.trashed)
    _carry_out(journal, move, partial(_remove, move))


def recover(layout: Layout) -> list[str]:
    """Finish or undo every move that was cut off; returns the ids of their batches.

    Raises OSError where a journal cannot be written.
    """
    cut_off = [batch_id for batch_id, history in journals.histories(layout).items() if history.pending]
    for batch_id in cut_off:
        with journals.opened(layout, batch_id) as journal:
            for entry in sorted(journal.history().pending):
                resolve(journal, journal.history().moves[entry])
    return cut_off


def resolve(journal: Journal, move: Move) -> None:
    """Finish or undo one move that was cut off; left for later where its library cannot be looked at."""
    try:
        happened = settle(move)
    except (OSError, LookalikeError):
        return
    if happened is not None:
        (journal.done if happened else journal.undone)(move.entry)


def _carry_out(journal: Journal, move: Move, attempt: Callable[[], None]) -> None:
    journal.intent(move)
    refusal: Refused | None = None
    try:
        with refusing():
            attempt()
    except Refused as error:
        refusal = error
    with refusing():
        happened = settle(move)
    if happened:
        journal.done(move.entry)
        return
    if happened is False:
        journal.undone(move.entry)
    raise refusal or Refused("changed" if site.survivor_there(move, None) else "survivor_missing")


def _put_in(move: Move, doomed: os.stat_result) -> None:
    with site.opened(move) as found:
        if found.home is None or found.away is None:
            raise Refused("vanished")
        now = found.home.status()
        if now is None or not os.path.samestat(now, doomed):
            raise Refused("vanished" if now is None else "changed")
        if move.action is Action.LINK:
            links.put_in(move, doomed, found)
        elif found.can is not None:
            found.can.write_info(move.name, move.path, move.deleted)
            into_private(found.home, found.away, move.entry)
        else:
            into_folder(found.home, found.away, move.entry)


def _bring_back(move: Move) -> None:
    with site.opened(move) as found, parent(move.root, move.path, create=True) as (folder, name):
        if found.trashed is None:
            raise Refused("vanished")
        out_of_private(found.trashed, Spot(folder, name), move.entry)


def _remove(move: Move) -> None:
    with cans.opened(move.root, move.can, create=False) as can:
        can.spot(move.name).remove()


def _check_trashed(move: Move, trashed: Spot) -> None:
    digest, _ = digest_at(trashed.folder, trashed.name)
    if digest != move.digest:
        place = b"/".join(move.target or (move.root, move.can, b"files", move.name))
        raise Refused("changed_in_trash", place.decode("utf-8", "backslashreplace"))
