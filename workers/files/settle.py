"""Look where a file is, finish or undo what was half done, and say whether its move happened.

Used after each attempt just as after a crash, so that there is one way to end. Invariant: a name is removed only when
another file with equal bytes has just been read, or when it is a hard link of our own to one that is there.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.confined import parent
from shared.domain.deletion import Action, BatchKind
from shared.store.journal import Move
from workers.files import links, site
from workers.files.relocate import Spot, copy_name, original_name, out_of_private
from workers.files.site import Site, drop_equal, holds, survivor_there


def settle(move: Move) -> bool | None:
    """Whether the move happened; None where that cannot be told, as when another disk is mounted at the library's root.

    Raises Refused, OSError.
    """
    with site.opened(move) as found:
        _clear_temporaries(move, found)
        if move.action is Action.LINK and move.kind is not BatchKind.PURGE:
            return (links.settle if move.kind is BatchKind.TRASH else links.settle_restore)(move, found, _put_back)
        return _SETTLE[move.kind](move, found)


def _settle_trash(move: Move, found: Site) -> bool | None:
    trashed, home = found.trashed, found.at_home
    if trashed is None:
        found.drop_info(move)
        return None if found.away is None and home is None else False
    if home is None:
        if holds(trashed, move.digest) and survivor_there(move, trashed):
            return True
        _put_back(move, trashed)
        return settle(move)
    if not drop_equal(trashed, home):
        # something else has come in the file's place: both stay where they are
        return holds(trashed, move.digest)
    found.drop_info(move)
    return False


def _settle_restore(move: Move, found: Site) -> bool | None:
    trashed, home = found.trashed, found.at_home
    if trashed is None:
        happened = home is not None and holds(home, move.digest)
        if happened:
            found.drop_info(move)
        return None if found.away is None and not happened else happened
    if home is None or not drop_equal(trashed, home):
        return False
    found.drop_info(move)
    return True


def _settle_purge(move: Move, found: Site) -> bool | None:
    if found.away is None:
        return None
    if found.trashed is not None:
        return False
    found.drop_info(move)
    return True


_SETTLE: dict[BatchKind, Callable[[Move, Site], bool | None]] = {
    BatchKind.TRASH: _settle_trash,
    BatchKind.RESTORE: _settle_restore,
    BatchKind.PURGE: _settle_purge,
}


def _clear_temporaries(move: Move, found: Site) -> None:
    """Remove copies that were not finished; an original that waits goes where it belongs."""
    for place in (found.home, found.away):
        copy = None if place is None else place.sibling(copy_name(move.entry))
        if copy is not None and copy.status() is not None:
            copy.remove()
    if found.home is None:
        return
    original = found.home.sibling(original_name(move.entry))
    if original.status() is None or (found.trashed is not None and drop_equal(original, found.trashed)):
        return
    if found.at_home is None:
        out_of_private(original, found.home, move.entry)


def _put_back(move: Move, trashed: Spot) -> None:
    with parent(move.root, move.path, create=True) as (folder, name):
        out_of_private(trashed, Spot(folder, name), move.entry)
