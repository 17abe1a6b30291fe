"""A process may die at any line of a move: the file stays whole, and the journal alone is enough to end the move."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.domain.deletion import BatchKind
from shared.store import journal as journals
from shared.store.journal import Move
from tests.desk import CAN, DATA, Desk
from tests.dying import die_at
from tests.mounts import in_own_mounts, mount_memory
from workers.files import moves, relocate


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is such a place: some hundred moves, each written through to disk, take a minute there."""
    memory = Path("/dev/shm")  # noqa: S108  # the folder in it is made privately
    with tempfile.TemporaryDirectory(prefix="ll-", dir=memory if memory.is_dir() else None) as place:
        yield Path(place).resolve()


def recover(desk: Desk) -> None:
    with journals.locked(desk.layout):
        moves.recover(desk.layout)


def assert_whole(desk: Desk, name: str, copy: str) -> bool:
    """The file is in one place, with its bytes, and the journal knows which; whether that is the trash."""
    home = desk.root / name
    trashed = desk.root / CAN / "files" / home.name
    inside = journals.in_trash(desk.layout)
    assert [file.exists() for file in (home, trashed)] in ([True, False], [False, True])
    assert (trashed if trashed.exists() else home).read_bytes() == DATA
    assert (desk.root / copy).read_bytes() == DATA
    assert len(inside) == trashed.exists()
    assert desk.infos() == ([f"{home.name}.trashinfo"] if trashed.exists() else [])
    assert not [history for history in journals.histories(desk.layout).values() if history.pending]
    leftovers = [file for file in desk.root.rglob("*") if "lookalike-" in file.name]
    assert leftovers == []
    return trashed.exists()


def test_a_move_to_the_trash_may_be_cut_off_anywhere(folder: Path) -> None:
    assert _cut_everywhere(folder, "photo.jpg", _trash_photo) == {True, False}


def test_a_restore_may_be_cut_off_anywhere(folder: Path) -> None:
    assert _cut_everywhere(folder, "trip/photo.jpg", _restore_photo) == {True, False}


def test_moves_between_file_systems_may_be_cut_off_anywhere(folder: Path) -> None:
    def work() -> None:
        mount_memory(folder)
        for what in (_trash_photo, _restore_photo):
            assert _cut_everywhere(folder / what.__name__, "disk/photo.jpg", what, "disk") == {True, False}

    in_own_mounts(work)


@pytest.mark.parametrize("what", ["_trash_photo", "_restore_photo"])
def test_moves_may_be_cut_off_anywhere_where_renames_cannot_be_exclusive(
    folder: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(relocate, "_renameat2", None)  # as on a system that has no such call
    assert _cut_everywhere(folder, "photo.jpg", globals()[what]) == {True, False}


def test_a_purge_may_be_cut_off_anywhere(folder: Path) -> None:
    ends = set()
    for line, desk in _desks(folder):
        desk.place("photo.jpg")
        desk.place("copy.jpg")
        move = desk.trash("photo.jpg", desk.copy("copy.jpg"))
        killed = die_at(line, lambda: desk.again(moves.purge, move))  # noqa: B023  # called at once
        recover(desk)
        left = (desk.root / CAN / "files" / "photo.jpg").exists()
        assert (move.entry in journals.in_trash(desk.layout)) == left
        assert desk.infos() == (["photo.jpg.trashinfo"] if left else [])
        assert (desk.root / "copy.jpg").read_bytes() == DATA
        ends.add(left)
        if not killed:
            break
    assert ends == {True, False}


def test_recovery_may_be_cut_off_as_well(folder: Path) -> None:
    def work() -> None:
        mount_memory(folder)
        chance, cut = random.Random(7), 0
        for what in (_trash_photo, _restore_photo):
            for number in range(30):
                place = folder / f"{what.__name__}-{number}"
                (place / "library" / "disk").mkdir(parents=True)
                desk = Desk(place)
                if number % 2:
                    mount_memory(desk.root / "disk")
                desk.place("disk/photo.jpg")
                desk.place("copy.jpg")
                die_at(chance.randint(1, 250), what(desk, "disk/photo.jpg"))
                for _ in range(3):
                    cut += die_at(chance.randint(1, 200), lambda: recover(desk))  # noqa: B023  # called at once
                recover(desk)
                assert_whole(desk, "disk/photo.jpg", "copy.jpg")
        assert cut > 20

    in_own_mounts(work)


def _trash_photo(desk: Desk, name: str) -> Callable[[], object]:
    return lambda: desk.trash(name, desk.copy("copy.jpg"))


def _restore_photo(desk: Desk, name: str) -> Callable[[], object]:
    move: Move = desk.trash(name, desk.copy("copy.jpg"))
    assert move.kind is BatchKind.TRASH
    return lambda: desk.again(moves.restore, move)


def _desks(folder: Path) -> Any:
    for line in range(1, 10_000):
        place = folder / str(line)
        place.mkdir(parents=True)
        yield line, Desk(place)


def _cut_everywhere(
    folder: Path, name: str, prepare: Callable[[Desk, str], Callable[[], object]], mount: str | None = None
) -> set[bool]:
    """Cut a move off at its first line, its second…, until it ends; the places where the file was found."""
    ends = set()
    for line, desk in _desks(folder):
        if mount is not None:
            (desk.root / mount).mkdir()
            mount_memory(desk.root / mount)
        desk.place(name)
        desk.place("copy.jpg")
        killed = die_at(line, prepare(desk, name))
        recover(desk)
        ends.add(assert_whole(desk, name, "copy.jpg"))
        if not killed:
            return ends
    raise AssertionError("it never ended")
