"""Replace a file by a hard link to an equal one that stays; the file itself goes to the trash, and can come back.

The link is made beside the file and exchanged with it in one step (``renameat2`` with RENAME_EXCHANGE), so that the
name is never without its bytes; what comes out of the exchange is looked at, and exchanged back if somebody has put
another file there meanwhile. Invariant: of the two names, the one that is the survivor's own file is the link, and
only that one is ever removed. File, survivor and trash lie on one file system, or nothing is begun.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from shared.confined import parent
from shared.store.journal import Move
from workers.files import site
from workers.files.relocate import Spot, exchange, into_private, link_name
from workers.files.site import Site, drop_equal, holds, is_survivor
from workers.files.verify import Refused

PutBack = Callable[[Move, Spot], None]


def check(move: Move, doomed: os.stat_result, kept: os.stat_result, can: int) -> None:
    """Raises Refused (other_disk) where the file, the one that stays and the trash's folder are on several disks."""
    if len({doomed.st_dev, kept.st_dev, os.fstat(can).st_dev}) > 1:
        raise Refused("other_disk")


def put_in(move: Move, doomed: os.stat_result, found: Site) -> None:
    """Exchange a file with a link to the survivor, then take it to the trash. Raises Refused, OSError."""
    if found.home is None or found.can is None or found.away is None or move.survivor is None:
        raise Refused("vanished")
    found.can.write_info(move.name, move.path, move.deleted)
    beside = found.home.sibling(link_name(move.entry))
    _link(move, move.survivor, beside)
    _exchanged(beside, found.home, lambda: os.path.samestat(_status(beside), doomed))
    into_private(beside, found.away, move.entry)


def bring_back(move: Move) -> None:
    """Exchange the link with the file in the trash; then there is only the link to remove. Raises Refused, OSError."""
    with site.opened(move) as found:
        if found.trashed is None or found.home is None:
            raise Refused("vanished")
        trashed = found.trashed
        _exchanged(trashed, found.home, lambda: holds(trashed, move.digest))


def settle(move: Move, found: Site, put_back: PutBack) -> bool | None:
    """Whether a file was replaced by a link; what was cut off before it was in the trash is undone."""
    if found.home is not None:
        _clear_beside(move, found, found.home.sibling(link_name(move.entry)))
    trashed, home = found.trashed, found.at_home
    if trashed is None:
        found.drop_info(move)
        return None if found.away is None and home is None else False
    if home is None:  # somebody has removed the link: the file itself is better than nothing
        put_back(move, trashed)
    elif not is_survivor(move, home):  # something else has come in its place, or the survivor is gone: all stay
        return holds(trashed, move.digest)
    elif holds(trashed, move.digest):
        return True
    else:  # what was taken away is not what was read
        exchange(trashed, home)
        trashed.remove()
    found.drop_info(move)
    return False


def settle_restore(move: Move, found: Site, put_back: PutBack) -> bool | None:
    """Whether the file itself is back in its place."""
    trashed, home = found.trashed, found.at_home
    if trashed is None:
        happened = home is not None and holds(home, move.digest)
        if happened:
            found.drop_info(move)
        return None if found.away is None and not happened else happened
    if home is None or is_survivor(move, home):
        return False
    if is_survivor(move, trashed):
        trashed.remove()
    elif not drop_equal(trashed, home):
        return False
    found.drop_info(move)
    return True


def _link(move: Move, survivor: tuple[bytes, bytes], beside: Spot) -> None:
    with parent(*survivor) as (folder, name):
        os.link(name, beside.name, src_dir_fd=folder, dst_dir_fd=beside.folder, follow_symlinks=False)
    if not holds(beside, move.digest):  # it was read before, and may have been replaced since
        beside.remove()
        raise Refused("survivor_changed")


def _exchanged(one: Spot, other: Spot, as_expected: Callable[[], bool]) -> None:
    """Exchange two files, and back again where what came out is not ``as_expected``. Raises Refused, OSError."""
    if not exchange(one, other):
        raise Refused("no_exchange")
    if not as_expected():
        exchange(one, other)
        raise Refused("changed")


def _clear_beside(move: Move, found: Site, beside: Spot) -> None:
    """What lies beside the file's place: the link, before the exchange; the file, after it."""
    if beside.status() is None or found.home is None:
        return
    if is_survivor(move, beside):
        beside.remove()
    elif found.at_home is None:
        into_private(beside, found.home, move.entry)
    elif is_survivor(move, found.home):
        exchange(beside, found.home)
        beside.remove()
    elif found.away is not None and found.trashed is None:
        into_private(beside, found.away, move.entry)


def _status(spot: Spot) -> os.stat_result:
    return os.stat(spot.name, dir_fd=spot.folder, follow_symlinks=False)
