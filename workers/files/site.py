"""Both ends of a move as they are now: the file's old place, and where it is taken, the trash or a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from shared.confined import NotRegular, parent
from shared.domain.errors import OutsideLibrary
from shared.store.journal import Move
from workers.files import can as cans
from workers.files.can import Can
from workers.files.relocate import Spot
from workers.files.verify import digest_at, must_be_there

GONE = (FileNotFoundError, NotADirectoryError, OutsideLibrary)
"""Somebody has taken a folder away, or put another thing in its place."""


@dataclass(frozen=True, slots=True)
class Site:
    """``home`` and ``away`` are None where their folders are gone; ``can`` is the trash, for moves that go there."""

    home: Spot | None
    away: Spot | None
    can: Can | None

    @property
    def trashed(self) -> Spot | None:
        """The file where it was taken; None where there is none."""
        return _there(self.away)

    @property
    def at_home(self) -> Spot | None:
        """What lies in the file's old place; None where nothing does."""
        return _there(self.home)

    def drop_info(self, move: Move) -> None:
        if self.can is not None:
            self.can.remove_info(move.name, move.path)


@contextmanager
def opened(move: Move) -> Iterator[Site]:
    """Raises Refused (library_missing, trash_not_ours), OSError."""
    must_be_there(move.root)
    with ExitStack() as stack:
        home = away = can = None
        with suppress(*GONE):
            home = Spot(*stack.enter_context(parent(move.root, move.path)))
        if move.target is not None:
            must_be_there(move.target[0])
            with suppress(*GONE):
                away = Spot(*stack.enter_context(parent(*move.target)))
        else:
            with suppress(FileNotFoundError):
                can = stack.enter_context(cans.opened(move.root, move.can, create=False))
                away = can.spot(move.name)
        yield Site(home, away, can)


def drop_equal(surplus: Spot, kept: Spot) -> bool:
    """Remove ``surplus`` if ``kept`` holds the same bytes, read just now; whether it was removed."""
    try:
        equal = digest_at(surplus.folder, surplus.name)[0] == digest_at(kept.folder, kept.name)[0]
    except (OutsideLibrary, NotRegular, FileNotFoundError):
        return False
    if equal:
        surplus.remove()
    return equal


def holds(spot: Spot, digest: str) -> bool:
    """Whether the file at a spot, read just now, has this SHA-256."""
    try:
        return digest_at(spot.folder, spot.name)[0] == digest
    except (OutsideLibrary, NotRegular, FileNotFoundError):
        return False


def survivor_there(move: Move, trashed: Spot | None) -> bool:
    """Whether the copy that stays is still in its place, and is not the very file that was moved."""
    if move.survivor is None:
        return True
    there = survivor_status(move)
    if there is None:
        return False
    moved = None if trashed is None else trashed.status()
    return moved is None or not os.path.samestat(there, moved)


def is_survivor(move: Move, spot: Spot | None) -> bool:
    """Whether a spot holds the very file that stays: a hard link to it."""
    there, here = survivor_status(move), None if spot is None else spot.status()
    return there is not None and here is not None and os.path.samestat(there, here)


def survivor_status(move: Move) -> os.stat_result | None:
    """Status of the regular file that stays; None where there is none."""
    if move.survivor is None:
        return None
    try:
        with parent(*move.survivor) as (folder, name):
            found = Spot(folder, name).status()
    except GONE:
        return None
    return found if found is not None and stat.S_ISREG(found.st_mode) else None


def _there(spot: Spot | None) -> Spot | None:
    return None if spot is None or spot.status() is None else spot
