"""Libraries: what may be added, and what the picker shows."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from shared.context import Context, connect
from shared.domain.errors import InvalidRequest, NotFound, OutsideLibrary
from shared.services import libraries
from shared.settings import Settings
from shared.store import libraries as store
from tests import deletions


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for name in (
        "a.jpg",
        "b.PNG",
        "notes.txt",
        "2020/c.heic",
        "2020/may/d.jpg",
        ".hidden/e.jpg",
        ".Trash-0/files/f.jpg",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    (root / "link").symlink_to("2020")
    (root / "folder.jpg").mkdir()
    return root


def test_a_folder_is_added_once(ctx: Context, photos: Path) -> None:
    first = libraries.add(ctx, photos)
    assert libraries.add(ctx, photos) == first
    assert libraries.listed(ctx) == [first]
    assert (first.root, first.name) == (os.fsencode(photos), "photos")


def test_links_on_the_way_are_resolved_when_it_is_added(ctx: Context, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "shortcut").symlink_to(photos)
    assert libraries.add(ctx, tmp_path / "shortcut") == libraries.add(ctx, photos)


def test_two_libraries_of_one_name_are_told_apart(ctx: Context, photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "backup" / "photos"
    other.mkdir(parents=True)
    assert libraries.add(ctx, photos).name == "photos"
    assert libraries.add(ctx, other).name == str(other)


def test_a_name_that_is_not_utf8_is_shown(ctx: Context, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"odd-\xff")
    folder.mkdir()
    library = libraries.add(ctx, folder)
    assert library.name == "odd-\\xff"
    assert library.root.endswith(b"odd-\xff")


@pytest.mark.parametrize(("name", "code"), [("nowhere", "no_such_folder"), ("photos/a.jpg", "no_folder")])
def test_what_is_no_folder_is_refused(ctx: Context, photos: Path, tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        libraries.add(ctx, tmp_path / name)
    assert refused.value.code == code
    assert libraries.listed(ctx) == []


def test_the_data_folder_is_no_library_but_the_demo_in_it_is(ctx: Context) -> None:
    for name in ("", "journal", "demonstration"):
        (ctx.settings.data / name).mkdir(exist_ok=True)
        with pytest.raises(InvalidRequest) as refused:
            libraries.add(ctx, ctx.settings.data / name)
        assert refused.value.code == "data_folder"
    (ctx.settings.data / "demo").mkdir()
    assert libraries.add(ctx, ctx.settings.data / "demo").name == "demo"


def test_configured_folders_become_libraries(redis_url: str, settings: Settings, photos: Path) -> None:
    ctx = connect(replace(settings, libraries=(photos,)), redis_url)
    libraries.configure(ctx)
    assert [library.name for library in libraries.listed(ctx)] == ["photos"]
    ctx.redis.close()


def test_a_configured_folder_that_never_was_is_refused_but_a_disk_that_is_away_is_not(
    redis_url: str, settings: Settings, photos: Path
) -> None:
    ctx = connect(replace(settings, libraries=(photos,)), redis_url)
    libraries.configure(ctx)
    photos.rename(photos.with_name("away"))
    libraries.configure(ctx)
    assert len(libraries.listed(ctx)) == 1
    misspelled = connect(replace(settings, libraries=(photos.with_name("fotos"),)), redis_url)
    with pytest.raises(InvalidRequest, match="LOOKALIKE_LIBRARIES"):
        libraries.configure(misspelled)
    ctx.redis.close()
    misspelled.redis.close()


def test_the_picker_shows_folders_and_counts_images_by_name(ctx: Context, photos: Path) -> None:
    library = libraries.add(ctx, photos)
    top = libraries.browse(ctx, library.id)
    assert (top.here.name, top.here.path, top.here.images, top.here.folders) == ("photos", b"", 2, 2)
    assert [(f.name, f.path, f.images, f.folders) for f in top.inside] == [
        ("2020", b"2020", 1, 1),
        ("folder.jpg", b"folder.jpg", 0, 0),
    ]
    inner = libraries.browse(ctx, library.id, b"2020")
    assert [(f.name, f.path, f.images) for f in inner.inside] == [("may", b"2020/may", 1)]


def test_nothing_outside_is_listed(ctx: Context, photos: Path) -> None:
    library = libraries.add(ctx, photos)
    for path in (b"..", b"/etc", b"2020/../..", b"link", b"2020\0"):
        with pytest.raises(OutsideLibrary):
            libraries.browse(ctx, library.id, path)


def test_a_folder_that_is_missing_hidden_or_a_file_is_not_found(ctx: Context, photos: Path) -> None:
    library = libraries.add(ctx, photos)
    for path in (b"2021", b".hidden", b".Trash-0/files", b"a.jpg"):
        with pytest.raises(NotFound):
            libraries.browse(ctx, library.id, path)
    with pytest.raises(NotFound):
        libraries.browse(ctx, "0" * 32)


def test_whether_deletion_works_is_what_a_files_worker_said_last(ctx: Context, tmp_path: Path) -> None:
    library = deletions.library(ctx, tmp_path / "photos", {})
    assert libraries.writable(ctx, library.id) is None
    store.put_writable(ctx.redis, library.id, "It is mounted read-only.")
    assert libraries.writable(ctx, library.id) == "It is mounted read-only."
    store.put_writable(ctx.redis, library.id, None)
    assert libraries.writable(ctx, library.id) is None
