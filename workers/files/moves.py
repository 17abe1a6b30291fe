"""The transaction of a move: intent, attempt, look, outcome. The only code that moves a user's file.

Invariant: a file's bytes are always under at least one name that the journal tells; a name is removed only
when another file with equal bytes has just been read. What really happened is always decided by :func:`settle`
looking at the file system, after an attempt just as after a crash, so that there is one way to end.
Callers hold ``shared.store.journal.locked``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

from shared.confined import NotRegular, parent
from shared.domain.deletion import BatchKind
from shared.domain.errors import LookalikeError, OutsideLibrary
from shared.layout import Layout
from shared.store import journal as journals
from shared.store.journal import Journal, Move
from workers.files import can as cans
from workers.files.can import Can
from workers.files.relocate import Spot, copy_name, into_private, original_name, out_of_private
from workers.files.verify import Copy, Refused, digest_at, must_be_there, refusing, surviving, verified


def trash(journal: Journal, move: Move, survivors: tuple[Copy, ...], unprotected: bool) -> None:
    """Move a file to its library's trash, if it and a survivor are as scanned. ``move`` lacks can, name, survivor.

    Raises Refused; OSError where the journal cannot be written.
    """
    doomed = verified(Copy(move.root, move.path, move.digest))
    survivor = None if unprotected and not survivors else surviving(survivors, doomed)
    with refusing(), cans.opened(move.root, cans.can_name(), create=True) as can:
        name = can.free_name(move.path)
    move = replace(
        move, can=cans.can_name(), name=name, survivor=None if survivor is None else (survivor.root, survivor.path)
    )
    _carry_out(journal, move, partial(_put_in, move, doomed))


def restore(journal: Journal, trashed: Move, batch: str) -> None:
    """Bring a file back to its old place, never over another. ``trashed`` is how it came into the trash.

    Raises Refused; OSError where the journal cannot be written.
    """
    move = replace(trashed, kind=BatchKind.RESTORE, batch=batch, survivor=None)
    with refusing(), _site(move) as site:
        if site.trashed is None:
            raise Refused("vanished")
        if site.at_home is not None:
            raise Refused("occupied")
        _check_trashed(move)
    _carry_out(journal, move, partial(_bring_back, move))


def purge(journal: Journal, trashed: Move, batch: str) -> None:
    """Remove a file in the trash for good; one that is gone already counts as removed.

    Raises Refused; OSError where the journal cannot be written.
    """
    move = replace(trashed, kind=BatchKind.PURGE, batch=batch, survivor=None)
    with refusing(), _site(move) as site:
        if site.can is None:
            raise Refused("vanished")
        if site.trashed is not None:
            _check_trashed(move)
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
    raise refusal or Refused("changed" if _survivor_there(move, None) else "survivor_missing")


def _put_in(move: Move, doomed: os.stat_result) -> None:
    with _site(move) as site:
        if site.home is None or site.can is None:
            raise Refused("vanished")
        site.can.write_info(move.name, move.path, move.deleted)
        now = site.home.status()
        if now is None or not os.path.samestat(now, doomed):
            raise Refused("vanished" if now is None else "changed")
        into_private(site.home, site.can.spot(move.name), move.entry)


def _bring_back(move: Move) -> None:
    with (
        cans.opened(move.root, move.can, create=False) as can,
        parent(move.root, move.path, create=True) as (folder, name),
    ):
        out_of_private(can.spot(move.name), Spot(folder, name), move.entry)


def _remove(move: Move) -> None:
    with cans.opened(move.root, move.can, create=False) as can:
        can.spot(move.name).remove()


def _check_trashed(move: Move) -> None:
    with cans.opened(move.root, move.can, create=False) as can:
        digest, _ = digest_at(can.files, move.name)
    if digest != move.digest:
        place = os.path.join(move.root, move.can, b"files", move.name)
        raise Refused("changed_in_trash", place.decode("utf-8", "backslashreplace"))


@dataclass(frozen=True, slots=True)
class _Site:
    """Both ends of a move. ``home`` is None where its folder is gone, ``can`` where the trash is."""

    home: Spot | None
    can: Can | None
    name: bytes

    @property
    def trashed(self) -> Spot | None:
        """The file in the trash; None where there is none."""
        spot = None if self.can is None else self.can.spot(self.name)
        return None if spot is None or spot.status() is None else spot

    @property
    def at_home(self) -> Spot | None:
        """What lies in the file's old place; None where nothing does."""
        return None if self.home is None or self.home.status() is None else self.home


@contextmanager
def _site(move: Move) -> Iterator[_Site]:
    """Raises Refused (library_missing, trash_not_ours), OSError."""
    must_be_there(move.root)
    with ExitStack() as stack:
        home = can = None
        # somebody may have taken a folder away, or put another thing in its place
        with suppress(FileNotFoundError, NotADirectoryError, OutsideLibrary):
            home = Spot(*stack.enter_context(parent(move.root, move.path)))
        with suppress(FileNotFoundError):
            can = stack.enter_context(cans.opened(move.root, move.can, create=False))
        yield _Site(home, can, move.name)


def settle(move: Move) -> bool | None:
    """Look where the file is, finish or undo what was half done; whether the move happened.

    None where that cannot be told, as when another disk is mounted at the library's root. Raises Refused, OSError.
    """
    with _site(move) as site:
        _clear_temporaries(move, site)
        return _SETTLE[move.kind](move, site)


def _settle_trash(move: Move, site: _Site) -> bool | None:
    trashed, home = site.trashed, site.at_home
    if trashed is None:
        if site.can is not None:
            site.can.remove_info(move.name, move.path)
        return None if site.can is None and home is None else False
    if home is None:
        if _holds(trashed, move.digest) and _survivor_there(move, trashed):
            return True
        _put_back(move, trashed)
        return settle(move)
    if site.trashed is not None and not _drop_equal(trashed, home):
        # something else has come in the file's place: both stay where they are
        return _holds(trashed, move.digest)
    if site.can is not None:
        site.can.remove_info(move.name, move.path)
    return False


def _settle_restore(move: Move, site: _Site) -> bool | None:
    trashed, home = site.trashed, site.at_home
    if trashed is None:
        happened = home is not None and _holds(home, move.digest)
        if happened and site.can is not None:
            site.can.remove_info(move.name, move.path)
        return None if site.can is None and not happened else happened
    if home is None or not _drop_equal(trashed, home):
        return False
    if site.can is not None:
        site.can.remove_info(move.name, move.path)
    return True


def _settle_purge(move: Move, site: _Site) -> bool | None:
    if site.can is None:
        return None
    if site.trashed is not None:
        return False
    site.can.remove_info(move.name, move.path)
    return True


_SETTLE: dict[BatchKind, Callable[[Move, _Site], bool | None]] = {
    BatchKind.TRASH: _settle_trash,
    BatchKind.RESTORE: _settle_restore,
    BatchKind.PURGE: _settle_purge,
}


def _clear_temporaries(move: Move, site: _Site) -> None:
    """Remove copies that were not finished; an original that waits goes where it belongs."""
    folders = ([] if site.home is None else [site.home.folder]) + ([] if site.can is None else [site.can.files])
    for folder in folders:
        copy = Spot(folder, copy_name(move.entry))
        if copy.status() is not None:
            copy.remove()
    if site.home is None:
        return
    original = site.home.sibling(original_name(move.entry))
    if original.status() is None or (site.trashed is not None and _drop_equal(original, site.trashed)):
        return
    if site.at_home is None:
        out_of_private(original, site.home, move.entry)


def _put_back(move: Move, trashed: Spot) -> None:
    with parent(move.root, move.path, create=True) as (folder, name):
        out_of_private(trashed, Spot(folder, name), move.entry)


def _drop_equal(surplus: Spot, kept: Spot) -> bool:
    """Remove ``surplus`` if ``kept`` holds the same bytes, read just now; whether it was removed."""
    try:
        equal = digest_at(surplus.folder, surplus.name)[0] == digest_at(kept.folder, kept.name)[0]
    except (OutsideLibrary, NotRegular, FileNotFoundError):
        return False
    if equal:
        surplus.remove()
    return equal


def _holds(spot: Spot, digest: str) -> bool:
    try:
        return digest_at(spot.folder, spot.name)[0] == digest
    except (OutsideLibrary, NotRegular, FileNotFoundError):
        return False


def _survivor_there(move: Move, trashed: Spot | None) -> bool:
    """Whether the copy that stays is still in its place, and is not the very file that was moved."""
    if move.survivor is None:
        return True
    try:
        with parent(*move.survivor) as (folder, name):
            there = Spot(folder, name).status()
    except (OutsideLibrary, FileNotFoundError, NotADirectoryError):
        return False
    if there is None or not stat.S_ISREG(there.st_mode):
        return False
    moved = None if trashed is None else trashed.status()
    return moved is None or not os.path.samestat(there, moved)
