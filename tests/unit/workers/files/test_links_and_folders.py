"""Beside the trash: a file is replaced by a hard link, or moved to a folder; each whole, or refused, or undone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.domain.deletion import Action
from shared.store import journal as journals
from shared.store.journal import Move
from tests.desk import CAN, DATA, Desk
from tests.dying import die_at
from tests.mounts import in_own_mounts, mount_memory
from workers.files import moves, relocate
from workers.files.verify import Refused


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is such a place: some hundred moves, each written through to disk, take a minute there."""
    memory = Path("/dev/shm")  # noqa: S108  # the folder in it is made privately
    with tempfile.TemporaryDirectory(prefix="ll-", dir=memory if memory.is_dir() else None) as place:
        yield Path(place).resolve()


@pytest.fixture
def desk(folder: Path) -> Desk:
    made = Desk(folder)
    made.place("photo.jpg")
    made.place("copy.jpg")
    os.utime(made.root / "photo.jpg", (5, 5))
    return made


def link(desk: Desk, name: str = "photo.jpg") -> Move:
    return desk.trash(name, desk.copy("copy.jpg"), action=Action.LINK)


def move(desk: Desk, name: str = "photo.jpg") -> Move:
    return desk.trash(name, desk.copy("copy.jpg"), action=Action.MOVE, target=b"kept/" + name.encode())


def files(desk: Desk) -> list[str]:
    return sorted(str(f.relative_to(desk.root)) for f in desk.root.rglob("*") if f.is_file() and "info" not in f.parts)


# hard links


def test_a_file_becomes_a_link_and_its_own_self_again(desk: Desk) -> None:
    made = link(desk)
    assert (desk.root / "photo.jpg").samefile(desk.root / "copy.jpg")
    assert desk.trashed() == ["photo.jpg"]
    assert desk.infos() == ["photo.jpg.trashinfo"]
    assert list(journals.in_trash(desk.layout)) == [made.entry]
    desk.again(moves.restore, made)
    assert not (desk.root / "photo.jpg").samefile(desk.root / "copy.jpg")
    assert (desk.root / "photo.jpg").stat().st_mtime == 5
    assert (desk.trashed(), desk.infos(), files(desk)) == ([], [], ["copy.jpg", "photo.jpg"])


def test_purging_leaves_the_link(desk: Desk) -> None:
    desk.again(moves.purge, link(desk))
    assert desk.trashed() == []
    assert (desk.root / "photo.jpg").samefile(desk.root / "copy.jpg")


def test_a_link_that_was_removed_does_not_keep_the_file_away(desk: Desk) -> None:
    made = link(desk)
    (desk.root / "photo.jpg").unlink()
    desk.again(moves.restore, made)
    assert (desk.root / "photo.jpg").read_bytes() == DATA
    assert desk.trashed() == []


def test_another_file_in_the_links_place_stays(desk: Desk) -> None:
    made = link(desk)
    (desk.root / "photo.jpg").unlink()
    (desk.root / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(Refused) as refusal:
        desk.again(moves.restore, made)
    assert refusal.value.code == "occupied"
    assert (desk.root / "photo.jpg").read_bytes() == b"mine"
    assert desk.trashed() == ["photo.jpg"]


def test_only_equal_files_are_linked(desk: Desk) -> None:
    desk.place("like.jpg", b"like it")
    with pytest.raises(Refused) as refusal:
        desk.trash("photo.jpg", desk.copy("like.jpg", b"like it"), action=Action.LINK)
    assert refusal.value.code == "not_identical"
    with pytest.raises(Refused) as refusal:
        desk.trash("photo.jpg", action=Action.LINK, unprotected=True)
    assert refusal.value.code == "not_identical"
    (desk.root / "copy.jpg").write_bytes(b"changed")
    with pytest.raises(Refused) as refusal:
        link(desk)
    assert refusal.value.code == "survivor_changed"
    assert files(desk) == ["copy.jpg", "like.jpg", "photo.jpg"]


def test_without_an_exchange_in_one_step_nothing_is_linked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relocate, "_renameat2", None)
    with pytest.raises(Refused) as refusal:
        link(desk)
    assert refusal.value.code == "no_exchange"
    assert files(desk) == ["copy.jpg", "photo.jpg"]
    assert desk.infos() == []


def test_nothing_is_linked_between_file_systems(folder: Path) -> None:
    def work() -> None:
        desk = Desk(folder)
        (desk.root / "disk").mkdir()
        mount_memory(desk.root / "disk")
        desk.place("disk/photo.jpg")
        desk.place("copy.jpg")
        with pytest.raises(Refused) as refusal:
            link(desk, "disk/photo.jpg")
        assert refusal.value.code == "other_disk"
        assert files(desk) == ["copy.jpg", "disk/photo.jpg"]

    in_own_mounts(work)


def test_a_file_put_there_meanwhile_is_not_taken_for_the_picture(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real = relocate.exchange

    def late(one: relocate.Spot, other: relocate.Spot) -> bool:
        monkeypatch.setattr("workers.files.links.exchange", real)
        (desk.root / "photo.jpg").unlink()
        (desk.root / "photo.jpg").write_bytes(b"mine")
        return real(one, other)

    monkeypatch.setattr("workers.files.links.exchange", late)
    with pytest.raises(Refused) as refusal:
        link(desk)
    assert refusal.value.code == "changed"
    assert (desk.root / "photo.jpg").read_bytes() == b"mine"
    assert files(desk) == ["copy.jpg", "photo.jpg"]


# folders


def test_a_file_moves_to_a_folder_and_back(desk: Desk) -> None:
    made = move(desk)
    assert files(desk) == ["copy.jpg", "kept/photo.jpg"]
    assert (desk.root / "kept/photo.jpg").stat().st_mtime == 5
    assert journals.in_trash(desk.layout) == {}
    assert list(journals.away(desk.layout)) == [made.entry]
    desk.again(moves.restore, made)
    assert files(desk) == ["copy.jpg", "photo.jpg"]
    assert journals.away(desk.layout) == {}


def test_nothing_is_overwritten_in_the_folder(desk: Desk) -> None:
    desk.place("kept/photo.jpg", b"another")
    move(desk)
    assert files(desk) == ["copy.jpg", "kept/photo.2.jpg", "kept/photo.jpg"]
    assert (desk.root / "kept/photo.jpg").read_bytes() == b"another"


def test_what_was_edited_in_the_folder_is_not_brought_back(desk: Desk) -> None:
    made = move(desk)
    (desk.root / "kept/photo.jpg").write_bytes(b"edited")
    with pytest.raises(Refused) as refusal:
        desk.again(moves.restore, made)
    assert refusal.value.code == "changed_in_trash"
    assert files(desk) == ["copy.jpg", "kept/photo.jpg"]


# cut off


def whole(desk: Desk, name: str) -> None:
    for batch in journals.histories(desk.layout).values():
        assert not batch.pending
    leftovers = [file for file in desk.root.rglob("*") if "lookalike-" in file.name]
    assert leftovers == []
    assert (desk.root / "copy.jpg").read_bytes() == DATA
    assert [f for f in (desk.root / name, desk.root / "kept" / name) if f.exists() and f.read_bytes() == DATA]


def linked(desk: Desk, name: str) -> bool:
    whole(desk, name)
    home, trashed = desk.root / name, desk.root / CAN / "files" / Path(name).name
    away = home.samefile(desk.root / "copy.jpg")
    assert trashed.exists() == away
    assert (trashed if away else home).stat().st_mtime == 5
    assert len(journals.in_trash(desk.layout)) == len(desk.infos()) == int(away)
    return away


def moved(desk: Desk, name: str) -> bool:
    whole(desk, name)
    home, kept = desk.root / name, desk.root / "kept" / name
    assert home.exists() != kept.exists()
    assert (kept if kept.exists() else home).stat().st_mtime == 5
    assert len(journals.away(desk.layout)) == int(kept.exists())
    return kept.exists()


def cut_everywhere(
    folder: Path, work: Callable[[Desk, str], Callable[[], object]], check: Callable[[Desk, str], bool], disk: bool
) -> None:
    """Cut a move off at its first line, its second…, until it ends."""
    ends, name = set(), "disk/photo.jpg" if disk else "photo.jpg"
    for line in range(1, 10_000):
        (folder / str(line)).mkdir(parents=True)
        desk = Desk(folder / str(line))
        if disk:
            (desk.root / "disk").mkdir()
            mount_memory(desk.root / "disk")
        os.utime(desk.place(name), (5, 5))
        desk.place("copy.jpg")
        killed = die_at(line, work(desk, name))
        with journals.locked(desk.layout):
            moves.recover(desk.layout)
        ends.add(check(desk, name))
        if not killed:
            break
    assert ends == {True, False}


def back(forth: Callable[[Desk, str], Move]) -> Callable[[Desk, str], Callable[[], object]]:
    def work(desk: Desk, name: str) -> Callable[[], object]:
        made = forth(desk, name)
        return lambda: desk.again(moves.restore, made)

    return work


def forth(move: Callable[[Desk, str], Move]) -> Callable[[Desk, str], Callable[[], object]]:
    return lambda desk, name: lambda: move(desk, name)


@pytest.mark.parametrize("way", [forth, back])
def test_a_link_may_be_cut_off_anywhere(folder: Path, way: Callable[..., Callable[..., Callable[[], object]]]) -> None:
    cut_everywhere(folder, way(link), linked, disk=False)


@pytest.mark.parametrize("way", [forth, back])
def test_a_move_to_a_folder_may_be_cut_off_anywhere(
    folder: Path, way: Callable[..., Callable[..., Callable[[], object]]]
) -> None:
    cut_everywhere(folder, way(move), moved, disk=False)


@pytest.mark.parametrize("way", [forth, back])
def test_a_move_to_a_folder_may_be_cut_off_anywhere_without_exclusive_renames(
    folder: Path, monkeypatch: pytest.MonkeyPatch, way: Callable[..., Callable[..., Callable[[], object]]]
) -> None:
    monkeypatch.setattr(relocate, "_renameat2", None)
    cut_everywhere(folder, way(move), moved, disk=False)


@pytest.mark.parametrize("way", [forth, back])
def test_a_move_to_a_folder_on_another_disk_may_be_cut_off_anywhere(
    folder: Path, way: Callable[..., Callable[..., Callable[[], object]]]
) -> None:
    def work() -> None:
        mount_memory(folder)
        cut_everywhere(folder, way(move), moved, disk=True)

    in_own_mounts(work)
