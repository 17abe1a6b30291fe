"""A move happens whole, to the letter of the Trash specification, or is refused with its reason and changes nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from shared.domain.deletion import BatchKind
from shared.store import journal as journals
from shared.store.journal import Move
from tests.desk import CAN, DATA, Desk
from tests.mounts import in_own_mounts, mount_memory
from workers.files import moves
from workers.files.verify import Copy, Refused


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refused) as error:
        call()
    assert error.value.message
    return error.value.code


def test_a_file_moves_to_the_trash_as_the_specification_says(desk: Desk) -> None:
    file = desk.place("trip/Ferien & mehr 100%.jpg")
    desk.place("copy.jpg")
    move = desk.trash("trip/Ferien & mehr 100%.jpg", desk.copy("copy.jpg"))
    assert not file.exists()
    can = desk.root / CAN
    assert [oct(folder.stat().st_mode & 0o777) for folder in (can, can / "files", can / "info")] == ["0o700"] * 3
    assert (can / "files" / "Ferien & mehr 100%.jpg").read_bytes() == DATA
    text = (can / "info" / "Ferien & mehr 100%.jpg.trashinfo").read_text()
    assert text.startswith("[Trash Info]\nPath=trip/Ferien%20%26%20mehr%20100%25.jpg\nDeletionDate=")
    date = re.search(r"DeletionDate=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\n$", text)
    assert date is not None
    assert datetime.fromisoformat(date[1]).timestamp() == move.deleted  # local time
    assert journals.in_trash(desk.layout) == {move.entry: move}


def test_files_of_one_name_get_names_of_their_own(desk: Desk) -> None:
    desk.place("copy.jpg")
    for folder in "abc":
        desk.place(f"{folder}/photo.jpg")
        desk.trash(f"{folder}/photo.jpg", desk.copy("copy.jpg"))
    assert desk.trashed() == ["photo.2.jpg", "photo.3.jpg", "photo.jpg"]
    assert desk.infos() == [f"{name}.trashinfo" for name in desk.trashed()]


@pytest.mark.parametrize(
    "name", [b"x" * 255, b"y" * 251 + b".jpg", "é".encode() * 127, b"\xff" * 255, b"." + b"z" * 254]
)
def test_the_longest_names_fit(desk: Desk, name: bytes) -> None:
    file = desk.place(name)
    desk.place("copy.jpg")
    move = desk.trash(name, desk.copy("copy.jpg"))
    assert not file.exists()
    desk.again(moves.restore, move)
    assert file.read_bytes() == DATA


def test_a_name_that_is_not_utf8_is_kept(desk: Desk) -> None:
    name = b"a\xff/b \xfe.jpg"
    file = desk.place(name)
    desk.place("copy.jpg")
    move = desk.trash(name, desk.copy("copy.jpg"))
    info = (desk.root / CAN / "info" / os.fsdecode(b"b \xfe.jpg.trashinfo")).read_bytes()
    assert unquote_to_bytes(info.split(b"\n")[1].removeprefix(b"Path=")) == name
    desk.again(moves.restore, move)
    assert file.read_bytes() == DATA


def test_trash_restore_of_trash_cli_brings_it_back(desk: Desk) -> None:
    """A library that is a mount point: trash-cli takes relative paths from the mount point around the trash."""

    def move_and_restore() -> None:
        mount_memory(desk.root)
        file = desk.place("trip/Ferien & mehr é 100%.jpg")
        desk.place("copy.jpg")
        desk.trash("trip/Ferien & mehr é 100%.jpg", desk.copy("copy.jpg"))
        file.parent.rmdir()
        program = Path(sys.executable).with_name("trash-restore")
        command = [program, desk.root, "--trash-dir", desk.root / CAN]
        done = subprocess.run(command, input="0\n", capture_output=True, text=True, check=False)
        assert file.exists(), done.stdout + done.stderr
        assert file.read_bytes() == DATA
        assert desk.trashed() == desk.infos() == []

    in_own_mounts(move_and_restore)


def test_restore_brings_back_bytes_times_permissions_attributes_and_missing_folders(desk: Desk) -> None:
    file = desk.place("a/b/photo.jpg")
    file.chmod(0o640)
    os.utime(file, ns=(1_500_000_000_000_000_001, 1_400_000_000_000_000_001))
    attributes = _try_attribute(file)
    desk.place("copy.jpg")
    move = desk.trash("a/b/photo.jpg", desk.copy("copy.jpg"))
    (desk.root / "a" / "b").rmdir()
    (desk.root / "a").rmdir()
    desk.again(moves.restore, move)
    status = file.stat()
    assert (file.read_bytes(), status.st_mode & 0o777, status.st_mtime_ns) == (DATA, 0o640, 1_400_000_000_000_000_001)
    assert os.listxattr(file) == attributes
    assert desk.trashed() == desk.infos() == []
    assert journals.in_trash(desk.layout) == {}


def _try_attribute(file: Path) -> list[str]:
    try:
        os.setxattr(file, "user.lookalike", b"kept")
    except OSError:  # this file system has none
        return []
    return ["user.lookalike"]


def test_restore_never_overwrites(desk: Desk) -> None:
    desk.place("photo.jpg")
    desk.place("copy.jpg")
    move = desk.trash("photo.jpg", desk.copy("copy.jpg"))
    for occupant in ("another file", None):
        (desk.root / "photo.jpg").unlink(missing_ok=True)
        if occupant is None:
            (desk.root / "photo.jpg").symlink_to("nowhere")
        else:
            desk.place("photo.jpg", occupant.encode())
        assert refused(lambda: desk.again(moves.restore, move)) == "occupied"
        assert desk.trashed() == ["photo.jpg"]
    assert (desk.root / "photo.jpg").is_symlink()
    assert list(journals.in_trash(desk.layout)) == [move.entry]


def test_restore_does_not_go_through_a_link(desk: Desk, tmp_path: Path) -> None:
    desk.place("a/photo.jpg")
    desk.place("copy.jpg")
    move = desk.trash("a/photo.jpg", desk.copy("copy.jpg"))
    (desk.root / "a").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (desk.root / "a").symlink_to(tmp_path / "elsewhere")
    assert refused(lambda: desk.again(moves.restore, move)) == "outside_library"
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert desk.trashed() == ["photo.jpg"]


def test_purge_removes_that_entry_only(desk: Desk) -> None:
    desk.place("copy.jpg")
    first, second = (desk.trash(desk.place(n).name, desk.copy("copy.jpg")) for n in ("1.jpg", "2.jpg"))
    desk.again(moves.purge, first)
    assert (desk.trashed(), desk.infos()) == (["2.jpg"], ["2.jpg.trashinfo"])
    assert list(journals.in_trash(desk.layout)) == [second.entry]


def test_what_was_changed_in_the_trash_is_neither_purged_nor_restored(desk: Desk) -> None:
    desk.place("photo.jpg")
    desk.place("copy.jpg")
    move = desk.trash("photo.jpg", desk.copy("copy.jpg"))
    (desk.root / CAN / "files" / "photo.jpg").write_bytes(b"something else")
    assert refused(lambda: desk.again(moves.purge, move)) == "changed_in_trash"
    assert refused(lambda: desk.again(moves.restore, move)) == "changed_in_trash"
    assert (desk.root / CAN / "files" / "photo.jpg").read_bytes() == b"something else"


def test_purging_what_is_gone_already_clears_the_entry(desk: Desk) -> None:
    desk.place("photo.jpg")
    desk.place("copy.jpg")
    move = desk.trash("photo.jpg", desk.copy("copy.jpg"))
    (desk.root / CAN / "files" / "photo.jpg").unlink()
    assert refused(lambda: desk.again(moves.restore, move)) == "vanished"
    desk.again(moves.purge, move)
    assert journals.in_trash(desk.layout) == {}
    assert desk.infos() == []


def _gone(desk: Desk) -> None:
    (desk.root / "photo.jpg").unlink()


def _edited(desk: Desk) -> None:
    (desk.root / "photo.jpg").write_bytes(b"edited since the scan")


def _a_folder(desk: Desk) -> None:
    (desk.root / "photo.jpg").unlink()
    (desk.root / "photo.jpg").mkdir()


def _a_fifo(desk: Desk) -> None:
    (desk.root / "photo.jpg").unlink()
    os.mkfifo(desk.root / "photo.jpg")


def _a_link(desk: Desk) -> None:
    (desk.root / "photo.jpg").rename(desk.root / "real.jpg")
    (desk.root / "photo.jpg").symlink_to("real.jpg")


def _copy_gone(desk: Desk) -> None:
    (desk.root / "copy.jpg").unlink()


def _copy_edited(desk: Desk) -> None:
    (desk.root / "copy.jpg").write_bytes(b"edited since the scan")


def _copy_is_hard_link(desk: Desk) -> None:
    (desk.root / "copy.jpg").unlink()
    (desk.root / "copy.jpg").hardlink_to(desk.root / "photo.jpg")


def _copy_is_link_to_it(desk: Desk) -> None:
    (desk.root / "copy.jpg").unlink()
    (desk.root / "copy.jpg").symlink_to("photo.jpg")


def _library_away(desk: Desk) -> None:
    desk.root.rename(desk.root.with_name("away"))


def _trash_is_a_link(desk: Desk) -> None:
    (desk.root.parent / "elsewhere").mkdir()
    (desk.root / CAN).symlink_to(desk.root.parent / "elsewhere")


def _trash_is_a_file(desk: Desk) -> None:
    (desk.root / CAN).write_bytes(b"")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_gone, "vanished"),
        (_edited, "changed"),
        (_a_folder, "not_regular"),
        (_a_fifo, "not_regular"),
        (_a_link, "outside_library"),
        (_copy_gone, "survivor_missing"),
        (_copy_edited, "survivor_changed"),
        (_copy_is_hard_link, "same_file"),
        (_copy_is_link_to_it, "survivor_changed"),
        (_library_away, "library_missing"),
        (_trash_is_a_link, "trash_not_ours"),
        (_trash_is_a_file, "trash_not_ours"),
    ],
)
def test_what_is_not_as_it_was_scanned_is_not_moved(desk: Desk, change: Callable[[Desk], None], code: str) -> None:
    desk.place("photo.jpg")
    desk.place("copy.jpg")
    change(desk)
    before = _everything(desk.root.parent)
    assert refused(lambda: desk.trash("photo.jpg", desk.copy("copy.jpg"))) == code
    assert _everything(desk.root.parent) == before
    assert journals.in_trash(desk.layout) == {}


def _everything(folder: Path) -> dict[str, bytes | None]:
    """All names and bytes but those of the journal; the empty folders of a trash can do not count."""
    files = (f for f in sorted(folder.rglob("*")) if "data" not in f.parts and not (f.is_dir() and not f.is_symlink()))
    return {str(f): f.read_bytes() if f.is_file() else None for f in files}


def test_a_trash_folder_of_somebody_else_is_refused(desk: Desk) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    desk.place("photo.jpg")
    desk.place("copy.jpg")
    (desk.root / CAN).mkdir(mode=0o700)
    os.chown(desk.root / CAN, 4242, 4242)
    assert refused(lambda: desk.trash("photo.jpg", desk.copy("copy.jpg"))) == "trash_not_ours"


def test_the_first_copy_that_is_as_scanned_will_do(desk: Desk) -> None:
    desk.place("photo.jpg")
    desk.place("edited.jpg", b"edited since the scan")
    desk.place("copy.jpg")
    move = desk.trash("photo.jpg", desk.copy("gone.jpg"), desk.copy("edited.jpg"), desk.copy("copy.jpg"))
    assert move.survivor == (os.fsencode(desk.root), b"copy.jpg")


def test_without_a_copy_that_stays_only_what_was_confirmed_is_moved(desk: Desk) -> None:
    desk.place("photo.jpg")
    assert refused(lambda: desk.trash("photo.jpg")) == "no_other_copy"
    desk.trash("photo.jpg", unprotected=True)
    assert desk.trashed() == ["photo.jpg"]


def test_a_file_in_a_trash_is_neither_moved_nor_a_copy_that_stays(desk: Desk) -> None:
    desk.place("photo.jpg")
    for name in (".Trash-1000/files/photo.jpg", ".Trash/1000/files/photo.jpg"):
        desk.place(name)
        assert refused(lambda: desk.trash("photo.jpg", desk.copy(name))) == "survivor_missing"  # noqa: B023  # at once
        assert refused(lambda: desk.trash(name, desk.copy("photo.jpg"))) == "in_trash"  # noqa: B023  # at once


def test_one_file_seen_through_two_libraries_is_no_copy_of_itself(desk: Desk) -> None:
    desk.place("2020/photo.jpg")
    inner = Copy(os.fsencode(desk.root / "2020"), b"photo.jpg", sha256(DATA).hexdigest())
    assert refused(lambda: desk.trash("2020/photo.jpg", inner)) == "same_file"


def test_a_move_that_was_cut_off_is_put_back_where_the_copy_is_gone_meanwhile(desk: Desk) -> None:
    file = desk.place("photo.jpg")
    survivor = desk.place("copy.jpg")
    move = replace(desk.trash("photo.jpg", desk.copy("copy.jpg")), entry="cut.0", batch="cut")
    survivor.unlink()
    with journals.locked(desk.layout), journals.opened(desk.layout, "cut") as journal:
        journal.intent(move)  # as if it had stopped right after the move
        assert moves.recover(desk.layout) == ["cut"]
    assert file.read_bytes() == DATA


@pytest.mark.parametrize("kind", [BatchKind.TRASH, BatchKind.RESTORE])
def test_recovery_keeps_both_where_another_file_has_come_in_the_old_place(desk: Desk, kind: BatchKind) -> None:
    file = desk.place("photo.jpg")
    desk.place("copy.jpg")
    move = replace(desk.trash("photo.jpg", desk.copy("copy.jpg")), kind=kind, batch="cut")
    file.write_bytes(b"another picture")
    with journals.locked(desk.layout), journals.opened(desk.layout, "cut") as journal:
        journal.intent(move)  # as if it had stopped there
        moves.recover(desk.layout)
    assert file.read_bytes() == b"another picture"
    assert (desk.root / CAN / "files" / "photo.jpg").read_bytes() == DATA
    assert list(journals.in_trash(desk.layout)) == [move.entry]


def test_a_full_disk_refuses_the_move_and_leaves_nothing_behind(desk: Desk) -> None:
    def work() -> None:
        mount_memory(desk.root, size=256 << 10)
        (desk.root / "disk").mkdir()
        mount_memory(desk.root / "disk")
        data = os.urandom(1 << 20)
        file = desk.place("disk/photo.jpg", data)
        copy = desk.place("disk/copy.jpg", data)
        survivor = desk.copy("disk/copy.jpg", data)
        assert refused(lambda: desk.trash("disk/photo.jpg", survivor, data=data)) == "disk_full"
        assert file.read_bytes() == copy.read_bytes() == data
        assert sorted(f.name for f in (desk.root / "disk").iterdir()) == ["copy.jpg", "photo.jpg"]
        assert list((desk.root / CAN / "files").iterdir()) == desk.infos() == []

    in_own_mounts(work)


def test_nothing_is_touched_where_the_journal_cannot_be_written(desk: Desk) -> None:
    file = desk.place("photo.jpg")
    desk.place("copy.jpg")
    with journals.opened(desk.layout, "broken") as journal:
        os.close(os.dup2(os.open("/dev/full", os.O_RDWR), journal._descriptor) and os.open("/dev/null", os.O_RDONLY))
        move = Move(
            BatchKind.TRASH, "b.0", "b", "i", "l", os.fsencode(desk.root), b"photo.jpg", b"", b"",
            sha256(DATA).hexdigest(), len(DATA), 0.0,
        )  # fmt: skip
        with pytest.raises(OSError, match="No space left"):
            moves.put_away(journal, move, (desk.copy("copy.jpg"),), unprotected=False)
    assert file.read_bytes() == DATA
    assert desk.trashed() == desk.infos() == []
