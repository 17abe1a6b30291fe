"""A library of one folder and the journal to move its files with, without Redis or Celery."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from shared.domain.deletion import Action, BatchKind
from shared.layout import Layout
from shared.store import journal as journals
from shared.store.journal import Move
from workers.files import moves
from workers.files.verify import Copy

DATA = b"the same picture"
CAN = f".Trash-{os.getuid()}"


class Desk:
    """A library and a journal to move files with."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "library"
        self.root.mkdir(exist_ok=True)
        self.layout = Layout(folder / "data")

    def place(self, name: str | bytes, data: bytes = DATA) -> Path:
        file = self.root / os.fsdecode(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    def copy(self, name: str | bytes, data: bytes = DATA) -> Copy:
        return Copy(os.fsencode(self.root), os.fsencode(name), sha256(data).hexdigest())

    def trash(
        self, name: str | bytes, *survivors: Copy, data: bytes = DATA, unprotected: bool = False,
        action: Action = Action.TRASH, target: bytes | None = None,
    ) -> Move:  # fmt: skip
        """Move a file as batch and entry of its own; returns the move as it was journalled."""
        batch, doomed = uuid.uuid4().hex, self.copy(name, data)
        entry = f"{batch}.0"
        move = Move(
            BatchKind.TRASH, entry, batch, "i" * 32, "l" * 32, doomed.root, doomed.path, b"", b"",
            doomed.digest, len(data), 1_700_000_000.0, action=action,
            target=None if target is None else (doomed.root, target),
        )  # fmt: skip
        with journals.locked(self.layout), journals.opened(self.layout, batch) as journal:
            moves.put_away(journal, move, survivors, unprotected)
            return journal.history().moves[entry]

    def again(self, what: Callable[..., None], move: Move) -> None:
        """Restore or purge what was moved."""
        batch = uuid.uuid4().hex
        with journals.locked(self.layout), journals.opened(self.layout, batch) as journal:
            what(journal, move, batch)

    def trashed(self) -> list[str]:
        return sorted(file.name for file in (self.root / CAN / "files").glob("*"))

    def infos(self) -> list[str]:
        return sorted(file.name for file in (self.root / CAN / "info").glob("*"))
