"""What belongs to a picture goes with it and comes back with it, and nothing that is there once only goes."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from shared.context import Context
from shared.domain.deletion import Action
from shared.domain.model import Library
from shared.domain.scan import Folder
from shared.services import trash
from tests import deletions
from tests.deletions import done, scanned, seen
from tests.dying import die_at
from workers.stages.trash import recover, run_batch

FILES = {
    "a/IMG.JPG": b"jpeg", "a/IMG.CR2": b"raw", "a/IMG.xmp": b"edits", "a/other.jpg": b"other",
    "b/IMG.JPG": b"jpeg", "b/IMG.CR2": b"raw", "b/IMG.CR2.xmp": b"raw's edits", "b/IMG.xmp": b"edits too",
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def library(ctx: Context, root: Path) -> Library:
    return deletions.library(ctx, root, FILES)


def scan(ctx: Context, library: Library) -> tuple[str, str]:
    """A scan with a group of the two JPEGs, and the id of the second one."""
    pair = [seen(library, b"a/IMG.JPG"), seen(library, b"b/IMG.JPG")]
    return scanned(ctx, [pair]), pair[1].id


def files(root: Path) -> dict[str, bytes]:
    found = (file for file in root.rglob("*") if file.is_file() and ".Trash" not in str(file))
    return {str(file.relative_to(root)): file.read_bytes() for file in found}


def test_all_of_a_shot_goes_and_comes_back(ctx: Context, library: Library, root: Path) -> None:
    batch = trash.delete(ctx, *_one(scan(ctx, library)))
    assert done(ctx, batch) == [None]
    assert files(root) == {name: data for name, data in FILES.items() if name.startswith("a/")}
    entries = trash.listed(ctx)
    assert sorted(entry.path for entry in entries) == [b"b/IMG.CR2", b"b/IMG.CR2.xmp", b"b/IMG.JPG", b"b/IMG.xmp"]
    (picture,) = (entry for entry in entries if entry.leader is None)
    assert {entry.leader for entry in entries} == {None, picture.id}
    done(ctx, trash.restore(ctx, batch, [picture.id]))
    assert files(root) == FILES
    assert trash.listed(ctx) == []


def test_all_of_a_shot_is_purged_together(ctx: Context, library: Library, root: Path) -> None:
    done(ctx, trash.delete(ctx, *_one(scan(ctx, library))))
    picture = next(entry for entry in trash.listed(ctx) if entry.leader is None)
    done(ctx, trash.purge(ctx, [picture.id], confirmed=True))
    assert trash.listed(ctx) == []


@pytest.mark.parametrize("change", [b"another raw", None])
def test_a_raw_that_is_there_once_keeps_its_jpeg(
    ctx: Context, library: Library, root: Path, change: bytes | None
) -> None:
    raw = root / "a/IMG.CR2"
    raw.unlink() if change is None else raw.write_bytes(change)
    before = files(root)
    batch = trash.delete(ctx, *_one(scan(ctx, library)))
    assert done(ctx, batch) == ["companion_unique"]
    reason = trash.batch(ctx, batch).outcomes[0].reason
    assert reason is not None
    assert "IMG.CR2" in reason
    assert files(root) == before


def test_both_halves_of_a_live_photo_go(ctx: Context, tmp_path: Path) -> None:
    root = tmp_path / "live"
    names = ("a/1.HEIC", "a/1.MOV", "b/1.heic", "b/1.mov")
    library = deletions.library(ctx, root, {name: name[2:].lower().encode() for name in names})
    pair = [seen(library, b"a/1.HEIC"), seen(library, b"b/1.heic")]
    assert done(ctx, trash.delete(ctx, scanned(ctx, [pair]), [pair[1].id])) == [None]
    assert set(files(root)) == {"a/1.HEIC", "a/1.MOV"}


def test_a_raw_that_goes_for_itself_goes_once(ctx: Context, library: Library, root: Path) -> None:
    groups = [[seen(library, b"%s/IMG.%s" % (folder, kind)) for folder in (b"a", b"b")] for kind in (b"CR2", b"JPG")]
    batch = trash.delete(ctx, scanned(ctx, groups), [group[1].id for group in groups])
    assert done(ctx, batch) == [None, None]
    assert set(files(root)) == {name for name in FILES if name.startswith("a/")}
    done(ctx, trash.restore(ctx, batch))
    assert files(root) == FILES


def test_where_the_picture_stays_all_stay(ctx: Context, library: Library, root: Path) -> None:
    chosen = _one(scan(ctx, library))
    (root / "b/IMG.JPG").write_bytes(b"edited since")
    before = files(root)
    assert done(ctx, trash.delete(ctx, *chosen)) == ["changed"]
    assert files(root) == before
    assert trash.listed(ctx) == []


def test_they_move_to_a_folder_together_under_one_name(ctx: Context, library: Library, root: Path) -> None:
    taken = root / "kept/b/IMG.xmp"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"somebody else's")
    scan_id, image = scan(ctx, library)
    batch = trash.delete(ctx, scan_id, [image], action=Action.MOVE, target=Folder(library.id, b"kept"))
    assert done(ctx, batch) == [None]
    kept = {name for name in files(root) if name.startswith("kept/")}
    assert kept == {"kept/b/IMG.xmp"} | {f"kept/b/IMG.2.{kind}" for kind in ("JPG", "CR2", "CR2.xmp", "xmp")}
    assert trash.listed(ctx) == []
    assert len(trash.restorable(ctx)) == 4
    last = trash.last_batch(ctx)
    assert last is not None
    assert last.id == batch
    done(ctx, trash.restore(ctx, batch))
    assert files(root) == FILES | {"kept/b/IMG.xmp": b"somebody else's"}


def test_a_link_leaves_what_belongs_to_it(ctx: Context, library: Library, root: Path) -> None:
    scan_id, image = scan(ctx, library)
    batch = trash.delete(ctx, scan_id, [image], action=Action.LINK)
    assert done(ctx, batch) == [None]
    assert files(root) == FILES
    assert (root / "a/IMG.JPG").samefile(root / "b/IMG.JPG")
    done(ctx, trash.restore(ctx, batch))
    assert not (root / "a/IMG.JPG").samefile(root / "b/IMG.JPG")


def test_a_worker_may_be_killed_anywhere(ctx: Context, library: Library, root: Path) -> None:
    chance, killed = random.Random(3), 0
    for _ in range(12):
        shutil.rmtree(root)
        library = deletions.library(ctx, root, FILES)
        batch = trash.delete(ctx, *_one(scan(ctx, library)))
        for _ in range(4):
            killed += die_at(chance.randint(1, 400), lambda: run_batch(ctx, batch))  # noqa: B023  # called at once
        recover(ctx)
        assert done(ctx, batch) == [None]
        assert set(files(root)) == {name for name in FILES if name.startswith("a/")}
        done(ctx, trash.restore(ctx, batch))
        assert files(root) == FILES
    assert killed > 20


def _one(found: tuple[str, str]) -> tuple[str, list[str]]:
    return found[0], [found[1]]
