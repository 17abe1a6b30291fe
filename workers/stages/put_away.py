"""Take one picture of a batch away, together with the files that belong to it, or leave all of them.

Invariant: the picture goes last. A crash in between leaves it at home, and the batch, delivered again, takes it after
the others; where it is refused in the end, what went before it is brought back. An entry of such a follower is the
picture's own with a dot and a digest of its path behind it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from itertools import count

from shared.confined import parent
from shared.context import Context
from shared.domain.deletion import Action, BatchKind, Item
from shared.domain.errors import NotFound
from shared.domain.model import image_id
from shared.store import batches, libraries, plan_file
from shared.store.batches import Work
from shared.store.journal import Journal, Move
from workers.files import moves
from workers.files.followers import Beside, Follower
from workers.files.relocate import Spot
from workers.files.verify import Copy, Refused, refusing, surviving, verified


class PutAway:
    """What the pictures of one batch share."""

    def __init__(self, ctx: Context, batch_id: str, work: Work, log: Journal) -> None:
        self._ctx, self._batch_id, self._plan, self._log = ctx, batch_id, work.plan, log
        self._doomed = {(item.library, item.path) for item in work.items}
        self._beside = Beside()

    def move(self, item: Item) -> None:
        """Raises Refused; OSError where the journal cannot be written."""
        picture, survivors = self._move_of(item), self._survivors(item)
        followers = [] if item.action is Action.LINK else self._followers(item, picture, survivors)
        if followers:  # they go first, so that it is looked at before
            doomed = verified(Copy(picture.root, picture.path, picture.digest))
            if survivors or not item.unprotected:
                surviving(survivors, doomed)
        together = [(self._follower_move(item, picture, one), one) for one in followers]
        if picture.target is not None and followers:
            picture, together = _with_free_names(picture, together)
        try:
            for move, follower in together:
                moves.put_away(self._log, move, follower.survivors, unprotected=True)
                batches.mark_trashed(self._ctx.redis, move.image, self._batch_id)
            moves.put_away(self._log, picture, survivors, item.unprotected)
        except Refused:
            self._bring_back(item)
            raise

    def _followers(self, item: Item, picture: Move, survivors: Sequence[Copy]) -> list[Follower]:
        found = []
        for path in self._beside.of(picture.root, item.path):
            if self._is_doomed(item.library, path):
                continue  # it goes for itself, because of a copy of its own
            try:
                found.append(self._beside.follower(picture.root, path, item.path, survivors, item.unprotected))
            except Refused as refusal:
                if refusal.code != "vanished":
                    raise
        return found

    def _is_doomed(self, library: str, path: bytes) -> bool:
        if self._plan is None or (library, path) in self._doomed:
            return (library, path) in self._doomed
        with suppress(NotFound), plan_file.opened(self._ctx.layout.plan(self._plan)) as plan:
            return plan.moves(library, path)
        return False

    def _bring_back(self, item: Item) -> None:
        """The followers of a picture that was refused."""
        history = self._log.history()
        mine = [move for entry, move in history.moves.items() if entry.startswith(f"{item.entry}.")]
        for move in mine:
            outcome = history.outcomes.get(move.entry)
            if move.kind is BatchKind.TRASH and outcome is not None and outcome.done:
                with suppress(Refused):  # it stays in the trash, and is listed there
                    moves.restore(self._log, move, self._batch_id)
                    batches.mark_restored(self._ctx.redis, move.image)

    def _move_of(self, item: Item) -> Move:
        return Move(
            kind=BatchKind.TRASH,
            entry=item.entry,
            batch=self._batch_id,
            image=item.image,
            library=item.library,
            root=self._root(item.library),
            path=item.path,
            can=b"",
            name=b"",
            digest=item.digest,
            size=item.size,
            deleted=time.time(),
            action=item.action,
            target=self._target(item, item.path),
            plan=self._plan,
        )

    def _follower_move(self, item: Item, picture: Move, follower: Follower) -> Move:
        return replace(
            picture,
            entry=f"{item.entry}.{blake2b(follower.path, digest_size=8).hexdigest()}",
            image=image_id(item.library, follower.path),
            path=follower.path,
            digest=follower.digest,
            size=follower.size,
            target=self._target(item, follower.path),
        )

    def _target(self, item: Item, path: bytes) -> tuple[bytes, bytes] | None:
        """Below the folder that files move to, they keep the folders they were in."""
        if item.action is not Action.MOVE or item.target is None:
            return None
        return self._root(item.target.library), os.path.join(item.target.path, path)

    def _root(self, library_id: str) -> bytes:
        try:
            return libraries.get(self._ctx.redis, library_id).root
        except NotFound as error:
            raise Refused("library_missing") from error

    def _survivors(self, item: Item) -> tuple[Copy, ...]:
        """The survivors that are in known libraries and not doomed themselves."""
        roots = {library.id: library.root for library in libraries.listed(self._ctx.redis)}
        return tuple(
            Copy(roots[s.library], s.path, s.digest)
            for s in item.survivors
            if s.library in roots and (s.library, s.path) not in self._doomed
        )


Together = list[tuple[Move, Follower]]


def _with_free_names(picture: Move, together: Together) -> tuple[Move, Together]:
    """Names in the folder that are free for all of them, so that they still belong together there."""
    name = os.path.split(picture.path)[1]
    stem = len(name.rpartition(b".")[0] or name)
    for number in count(1):
        more = b"" if number == 1 else b".%d" % number
        first, *others = (_renamed(move, stem, more) for move in (picture, *(move for move, _ in together)))
        if all(_is_free(move) for move in (first, *others)):
            return first, [(move, follower) for move, (_, follower) in zip(others, together, strict=True)]
    raise AssertionError("the numbers never end")


def _renamed(move: Move, stem: int, more: bytes) -> Move:
    root, path = move.target or (b"", b"")
    folder, name = os.path.split(path)
    return replace(move, target=(root, os.path.join(folder, name[:stem] + more + name[stem:])))


def _is_free(move: Move) -> bool:
    if move.target is None:
        return True
    with refusing(), parent(*move.target, create=True) as (folder, name):
        return Spot(folder, name).status() is None
