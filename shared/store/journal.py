"""The journal of moves: append-only JSON lines, one file a batch, each line on disk before anything relies on it.

Invariant: a file of a library is moved only between an *intent* and its outcome. Every line carries the journal's
version; paths are base64. A line that cannot be read (torn by a crash, or another version's) is passed over: it
was never relied on. Everybody may read; only a files worker writes, under :func:`locked`.

intent    the whole Move, before anything is touched
done      it happened
refused   it did not, and will not: code, reason
undone    it did not, found out after a crash; it may be tried again
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog

from shared.domain.deletion import Action, BatchKind, TrashEntry
from shared.layout import Layout

VERSION = 1
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Move:
    """One file on its way between a library and the library's trash.

    ``root`` is the library's, ``path`` relative to it; in the trash the file is ``can``/files/``name`` there.
    ``size`` is in bytes, ``digest`` a SHA-256, ``deleted`` in seconds since the epoch. ``survivor`` is the root
    and path of the copy that stays. ``target`` is the root and path to which the action move takes the file instead
    of the trash. ``plan`` is the plan that the batch is part of.
    """

    kind: BatchKind
    entry: str
    batch: str
    image: str
    library: str
    root: bytes
    path: bytes
    can: bytes
    name: bytes
    digest: str
    size: int
    deleted: float
    survivor: tuple[bytes, bytes] | None = None
    action: Action = Action.TRASH
    target: tuple[bytes, bytes] | None = None
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a move: done, or refused with a code and a reason."""

    done: bool
    code: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class History:
    """What a journal says: the last intent of each entry, the outcomes, and which intents have none."""

    moves: dict[str, Move] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)

    def add(self, line: bytes) -> None:
        """Take in one line; one that cannot be read changes nothing."""
        try:
            record = json.loads(line)
            if record["v"] != VERSION:
                raise ValueError("written by another version")
            self._add(record)
        except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError) as error:
            _log.warning("journal_line_passed_over", reason=repr(error))

    def _add(self, record: dict[str, Any]) -> None:
        event, entry = str(record["event"]), str(record["entry"])
        if event == "intent":
            self.moves[entry] = _move(record)
            self.pending.add(entry)
            return
        if event in ("done", "refused"):
            self.outcomes[entry] = Outcome(event == "done", record.get("code"), record.get("reason"))
        self.pending.discard(entry)


class Journal:
    """One batch's journal, open for appending. Made by :func:`opened`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = 0
        self._history = History()

    def history(self) -> History:
        """What stands in it now, whoever wrote it."""
        lines, self._read = _whole_lines(self._descriptor, self._read)
        for line in lines:
            self._history.add(line)
        return self._history

    def intent(self, move: Move) -> None:
        self._append("intent", move.entry, _to_json(move))

    def done(self, entry: str) -> None:
        self._append("done", entry, {})

    def refused(self, entry: str, code: str, reason: str) -> None:
        self._append("refused", entry, {"code": code, "reason": reason})

    def undone(self, entry: str) -> None:
        self._append("undone", entry, {})

    def _append(self, event: str, entry: str, more: dict[str, Any]) -> None:
        """Write one line and wait until it is on disk. Raises OSError."""
        record = {"v": VERSION, "event": event, "entry": entry, "at": time.time()} | more
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        if self._torn():  # end the torn line, so that this one stands on its own
            line = b"\n" + line
        if os.write(self._descriptor, line) != len(line):
            raise OSError("The journal's disk is full.")
        os.fsync(self._descriptor)

    def _torn(self) -> bool:
        size = os.fstat(self._descriptor).st_size
        return size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"


@contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """Hold the one lock under which files are moved and journals written; waits for it."""
    layout.journal.mkdir(parents=True, exist_ok=True)
    with (layout.journal / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def opened(layout: Layout, batch_id: str) -> Iterator[Journal]:
    """Open a batch's journal to append to, made where it is missing. Raises OSError."""
    layout.journal.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(_path(layout, batch_id), os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        _sync_folder(layout.journal)
        yield Journal(descriptor)
    finally:
        os.close(descriptor)


def histories(layout: Layout) -> dict[str, History]:
    """All journals, by batch id; to be read only."""
    found = {path.stem: path for path in sorted(layout.journal.glob("*.jsonl"))}
    return {batch_id: _history(path, path.stat().st_size) for batch_id, path in found.items()}


def in_trash(layout: Layout) -> dict[str, Move]:
    """The moves whose files lie in the trash now, by entry id."""
    return {entry: move for entry, move in away(layout).items() if move.action is not Action.MOVE}


def away(layout: Layout) -> dict[str, Move]:
    """The moves that can be taken back, by entry id: the file lies in the trash, or in the folder it was moved to."""
    done = _done(layout)
    gone = {move.entry for move in done if move.kind is not BatchKind.TRASH}
    return {move.entry: move for move in done if move.kind is BatchKind.TRASH and move.entry not in gone}


def moved_away(layout: Layout) -> dict[str, str]:
    """Images that were moved and not restored, whether purged since or not: image id to the latest batch's id.

    Companions (sidecars, films) are no images, and have no id.
    """
    done = sorted(_done(layout), key=lambda move: move.deleted)
    restored = {move.entry for move in done if move.kind is BatchKind.RESTORE}
    return {m.image: m.batch for m in done if m.image and m.kind is BatchKind.TRASH and m.entry not in restored}


def _done(layout: Layout) -> list[Move]:
    """All moves that happened."""
    found = histories(layout).values()
    return [h.moves[e] for h in found for e, outcome in h.outcomes.items() if outcome.done and e in h.moves]


def entries(layout: Layout) -> list[TrashEntry]:
    """What can be brought back now, latest first."""
    moves = sorted(away(layout).values(), key=lambda move: (-move.deleted, move.entry))
    return [entry(move) for move in moves]


def entry(m: Move) -> TrashEntry:
    """What lies in the trash by a move."""
    return TrashEntry(m.entry, m.batch, m.image, m.library, m.path, m.digest, m.size, m.deleted, m.action, m.plan)


def _path(layout: Layout, batch_id: str) -> Path:
    return layout.journal / f"{batch_id}.jsonl"


@lru_cache(maxsize=4096)
def _history(path: Path, size: int) -> History:
    """A journal only ever grows, so its path and size say what it holds."""
    history = History()
    with path.open("rb") as file:
        for line in file.read(size).split(b"\n")[:-1]:
            if line:
                history.add(line)
    return history


def _whole_lines(descriptor: int, start: int) -> tuple[list[bytes], int]:
    """Lines after ``start`` that have an end, and where to go on reading."""
    data = os.pread(descriptor, max(0, os.fstat(descriptor).st_size - start), start)
    whole = data[: data.rfind(b"\n") + 1]
    return [line for line in whole.split(b"\n") if line], start + len(whole)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _to_json(move: Move) -> dict[str, Any]:
    plain = {f.name: getattr(move, f.name) for f in fields(move)}
    return {n: _encode(v) if isinstance(v, bytes) else _place_to_json(v) for n, v in plain.items()}


def _place_to_json(value: Any) -> Any:
    return [_encode(part) for part in value] if isinstance(value, tuple) else value


def _move(record: dict[str, Any]) -> Move:
    values: dict[str, Any] = {name: str(record[name]) for name in ("entry", "batch", "image", "library", "digest")}
    values |= {name: _decode(record[name]) for name in ("root", "path", "can", "name")}
    values |= {name: _place(record.get(name)) for name in ("survivor", "target")}
    values |= {"action": Action(record.get("action", Action.TRASH)), "plan": record.get("plan")}  # since they exist
    move = Move(BatchKind(record["kind"]), size=int(record["size"]), deleted=float(record["deleted"]), **values)
    if b"/" in move.can + move.name:
        raise ValueError("a name in the trash has a slash")
    return move


def _place(texts: list[str] | None) -> tuple[bytes, bytes] | None:
    return None if texts is None else (_decode(texts[0]), _decode(texts[1]))


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
