"""Deletion as a value: what a batch is to move, what became of it, and what lies in the trash."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.scan import Folder


class BatchKind(StrEnum):
    TRASH = "trash"
    RESTORE = "restore"
    PURGE = "purge"


class Action(StrEnum):
    """Where a batch of kind trash moves its files to."""

    TRASH = "trash"  # the library's trash
    MOVE = "move"  # a folder of a library
    LINK = "link"  # the library's trash, with a hard link to the equal file that stays in their place


class OutcomeState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"


class BatchState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Survivor:
    """A copy that must still be there, with this SHA-256, for another to be moved."""

    library: str
    path: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a batch. ``entry`` is the id of its entry in the trash, made up when it is moved there; ``target``
    is where it goes, for the action that moves it to a folder.

    ``survivors`` are tried in their order. ``unprotected`` says that a person was told that no other copy is
    known, and confirmed.
    """

    entry: str
    image: str
    library: str
    path: bytes
    size: int
    digest: str
    survivors: tuple[Survivor, ...] = ()
    unprotected: bool = False
    action: Action = Action.TRASH
    target: Folder | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one image of a batch. ``state`` is waiting, done or refused; a refusal has a reason."""

    image: str
    library: str
    path: bytes
    size: int
    state: str
    code: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """``kind`` is trash, restore or purge; ``state`` is queued, running or done; ``plan`` the plan it is part of."""

    id: str
    kind: str
    state: str
    created: float
    outcomes: tuple[Outcome, ...]
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """A file that lies in a library's trash now. ``deleted`` is in seconds since the epoch.

    An entry of the action move lies in a folder instead: it can be brought back, and is not shown as trash.
    """

    id: str
    batch: str
    image: str
    library: str
    path: bytes
    digest: str
    size: int
    deleted: float
    action: Action = Action.TRASH
    plan: str | None = None

    @property
    def leader(self) -> str | None:
        """The entry of the picture that this file went with; None for a picture that went for itself."""
        return leader(self.id)


def leader(entry: str) -> str | None:
    """Entries of files that go with a picture are its own with another part behind."""
    batch, _, rest = entry.partition(".")
    number, dot, _ = rest.partition(".")
    return f"{batch}.{number}" if dot else None
