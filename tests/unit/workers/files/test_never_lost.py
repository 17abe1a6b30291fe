"""Whatever people do to their files meanwhile, deletion loses no byte and never takes the last copy of a picture.

A machine of random steps: people write, remove, rename and link files in two libraries, one inside the other; scan
them; ask for any of what a scan once found to be deleted; restore and purge; and workers die in the middle.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from shared.context import Context
from shared.domain.deletion import Action, Item
from shared.domain.errors import Conflict
from shared.domain.model import Image
from shared.domain.scan import Folder
from shared.layout import Layout
from shared.services import libraries, trash
from shared.store import batches
from tests import deletions
from tests.desk import CAN
from tests.dying import die_at
from workers.stages.trash import recover, run_batch

PATHS = ["a.jpg", "b.jpg", "sub/a.jpg", "sub/b.jpg", "sub/c.jpg"]
CONTENTS = [b"sea", b"hill", b"town"]
_paths, _contents = st.sampled_from(PATHS), st.sampled_from(CONTENTS)
ACTIONS = [Action.TRASH, Action.TRASH, Action.MOVE, Action.LINK]
_choice = st.randoms(use_true_random=False)


class Household(RuleBasedStateMachine):
    """``outer`` holds ``sub``, which is a library of its own as well."""

    base: Context

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")  # noqa: S108  # the folder in it is made privately
        self.place = tempfile.TemporaryDirectory(prefix="ll-", dir=memory if memory.is_dir() else None)
        self.root = Path(self.place.name).resolve() / "outer"
        (self.root / "sub").mkdir(parents=True)
        (self.root / "kept").mkdir()
        self.base.redis.flushall()
        data = Path(self.place.name).resolve() / "data"
        self.ctx = replace(self.base, settings=replace(self.base.settings, data=data), layout=Layout(data))
        self.outer = libraries.add(self.ctx, self.root)
        self.inner = libraries.add(self.ctx, self.root / "sub")
        self.scans: list[tuple[str, list[list[Image]]]] = []
        self.queued: list[str] = []
        self.cut_off = False
        for number, path in enumerate(PATHS):
            self.write(path, CONTENTS[number % 2])

    def teardown(self) -> None:
        self.place.cleanup()

    # what people do

    @rule(path=_paths, content=_contents)
    def write(self, path: str, content: bytes) -> None:
        self.remove(path)
        (self.root / path).write_bytes(content)

    @rule(path=_paths)
    def remove(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    @rule(old=_paths, new=_paths)
    def rename(self, old: str, new: str) -> None:
        if os.path.lexists(self.root / old):
            (self.root / old).rename(self.root / new)

    @rule(existing=_paths, path=_paths, symbolic=st.booleans())
    def link(self, existing: str, path: str, symbolic: bool) -> None:
        if os.path.lexists(self.root / path) or not (self.root / existing).is_file():
            return
        if symbolic:
            (self.root / path).symlink_to(self.root / existing)
        elif not (self.root / existing).is_symlink():
            (self.root / path).hardlink_to(self.root / existing)

    # what they ask Lookalike for

    @rule()
    def scan(self) -> None:
        groups: dict[str, list[Image]] = defaultdict(list)
        for library, prefix in ((self.outer, ""), (self.inner, "sub/")):
            for path in PATHS:
                file = self.root / path
                if path.startswith(prefix) and file.is_file() and not file.is_symlink():
                    image = deletions.seen(library, os.fsencode(path.removeprefix(prefix)))
                    groups[image.digest].append(image)
        found = [group for group in groups.values() if len(group) > 1]
        if found:
            self.scans.append((deletions.scanned(self.ctx, found), found))

    @rule(choice=_choice)
    def scan_and_delete(self, choice: object) -> None:
        self.scan()
        for _ in range(2 if self.scans else 0):
            self.delete(choice)

    @precondition(lambda self: self.scans)
    @rule(choice=_choice)
    def delete(self, choice: object) -> None:
        scan, groups = choice.choice(self.scans)  # type: ignore[attr-defined]
        images = choice.choice(groups)  # type: ignore[attr-defined]
        chosen = choice.sample(images, choice.randint(1, len(images)))  # type: ignore[attr-defined]
        try:
            ids, action = [image.id for image in chosen], choice.choice(ACTIONS)  # type: ignore[attr-defined]
            target = Folder(self.outer.id, b"kept") if action is Action.MOVE else None
            self.queued.append(trash.delete(self.ctx, scan, ids, action=action, target=target))
        except Conflict:  # all that is left of a group was chosen
            return

    @precondition(lambda self: trash.restorable(self.ctx))
    @rule(choice=_choice)
    def restore(self, choice: object) -> None:
        batch = choice.choice(trash.restorable(self.ctx)).batch  # type: ignore[attr-defined]
        self.queued.append(trash.restore(self.ctx, batch))

    @precondition(lambda self: self.queued)
    @rule(choice=_choice)
    def work_on_all(self, choice: object) -> None:
        while self.queued:
            self.work(choice)

    @precondition(lambda self: self.queued)
    @rule(choice=_choice)
    def work(self, choice: object) -> None:
        batch = self.queued.pop(choice.randrange(len(self.queued)))  # type: ignore[attr-defined]
        kind, visible = trash.batch(self.ctx, batch).kind, self.visible()
        self.recover()
        everything = self.everything()
        run_batch(self.ctx, batch)
        left = self.everything()
        # a hard link is one name more while the file that it took the place of lies in the trash
        assert set(left) == set(everything), "a byte was lost, or came from nowhere"
        assert self.linked or left == everything, "a byte was lost, or came from nowhere"
        assert set(visible) <= set(self.visible()), "all copies of a picture went to the trash"
        assert kind == "trash" or visible <= self.visible(), "a restore took something away"

    @precondition(lambda self: self.queued)
    @rule(choice=_choice, cut=st.integers(1, 400))
    def die_at_work(self, choice: object, cut: int) -> None:
        """Nobody need come soon to clear up: what people do next is done to what the dead left behind."""
        batch = choice.choice(self.queued)  # type: ignore[attr-defined]
        everything = self.everything()
        self.cut_off |= die_at(cut, lambda: run_batch(self.ctx, batch))
        assert set(self.everything()) == set(everything)

    @precondition(lambda self: self.cut_off)
    @rule()
    def recover(self) -> None:
        everything = self.everything()
        recover(self.ctx)
        # a file that people have put in the old place meanwhile may be equal, so that one of the two is enough
        assert set(self.everything()) == set(everything), "a byte was lost in recovery"
        self.cut_off = False

    @precondition(lambda self: trash.listed(self.ctx))
    @rule(choice=_choice)
    def purge(self, choice: object) -> None:
        self.recover()
        listed = trash.listed(self.ctx)
        if not listed:
            return
        entry = choice.choice(listed)  # type: ignore[attr-defined]
        visible, everything = self.visible(), self.everything()
        deletions.done(self.ctx, trash.purge(self.ctx, [entry.id], confirmed=True))
        assert self.visible() == visible
        assert sum((everything - self.everything()).values()) == 1

    @invariant()
    def what_is_listed_lies_in_the_trash(self) -> None:
        listed = Counter(entry.digest for entry in trash.listed(self.ctx))
        there = Counter(hashlib.sha256(f.read_bytes()).hexdigest() for f in self.root.glob(f"**/{CAN}/files/*"))
        assert listed == there or self.cut_off

    @property
    def linked(self) -> bool:
        """Whether any file was ever to be replaced by a link."""
        return any(item.action is Action.LINK for batch in batches.latest(self.ctx.redis) for item in self.items(batch))

    def items(self, batch: str) -> tuple[Item, ...]:
        return batches.work(self.ctx.redis, batch).items

    def visible(self) -> Counter[bytes]:
        files = [self.root / path for path in PATHS] + list((self.root / "kept").rglob("*.jpg"))
        return Counter(file.read_bytes() for file in files if file.is_file() and not file.is_symlink())

    def everything(self) -> Counter[bytes]:
        """The contents of all files, trashed ones among them."""
        return self.visible() + Counter(file.read_bytes() for file in self.root.glob(f"**/{CAN}/files/*"))


@pytest.mark.timeout(240)
def test_no_byte_is_lost_and_no_last_copy_is_taken(ctx: Context) -> None:
    Household.base = ctx
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Household,
        settings=settings(
            max_examples=40, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
