"""A search goes by the latest finished scan of its folders: it walks nothing, and tells of nothing that is gone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.context import Context
from shared.domain.model import Library
from shared.domain.scan import Folder, Phase, Preset, ScanKind, ScanRequest, State
from shared.services import libraries, scan_control, scans
from shared.settings import Settings
from shared.store import scans as store
from tests import pictures
from tests.unit.workers.run import go_on
from workers import engine, upkeep
from workers.stages import searching

WANTED = "trip/005.jpg"


@pytest.fixture(autouse=True)
def _decoders() -> Iterator[None]:
    yield
    engine.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    pictures.library(tmp_path / "library", count=6)
    return tmp_path / "library"


@pytest.fixture
def library(ctx: Context, root: Path) -> Library:
    return libraries.add(ctx, root)


def scanned(ctx: Context, library: Library, name: str = "scan", preset: Preset = Preset.NEAR) -> str:
    store.create(ctx.redis, name, ScanRequest((Folder(library.id),), preset=preset), time.time())
    go_on(ctx, name)
    assert scans.progress(ctx, name).state is State.DONE
    return name


def search(ctx: Context, library: Library, image: Path, until: Phase | None = None, **request: Any) -> str:
    with image.open("rb") as stream:
        upload = scans.save_upload(ctx, stream)
    wanted = {"preset": Preset.NEAR, "kind": ScanKind.FIND, "upload": upload, "upload_name": image.name} | request
    folders = (Folder(library.id),)
    name = f"search-{upload}"
    store.create(ctx.redis, name, ScanRequest(**({"folders": folders} | wanted)), time.time())
    go_on(ctx, name, until)
    return name


def found(ctx: Context, search_id: str, root: Path) -> list[str]:
    assert scans.progress(ctx, search_id).state is State.DONE, scans.progress(ctx, search_id).error_message
    return [os.path.relpath(match["path"], root) for match in scans.result(ctx, search_id)["matches"]]


def test_it_finds_what_a_fresh_search_finds_and_says_as_of_when(ctx: Context, library: Library, root: Path) -> None:
    scan = scanned(ctx, library)
    by_scan = search(ctx, library, root / WANTED)
    fresh = search(ctx, library, root / WANTED, fresh=True)
    assert found(ctx, by_scan, root) == found(ctx, fresh, root) == [WANTED]
    began = scans.progress(ctx, scan).created
    assert scans.result(ctx, by_scan)["as_of"] == scans.progress(ctx, by_scan).as_of == began
    assert scans.result(ctx, fresh)["as_of"] is None
    ours, theirs = (scans.result(ctx, one) for one in (by_scan, fresh))
    for told in ("images", "unreadable", "matches"):
        assert ours[told] == theirs[told]
    ours, theirs = (scans.progress(ctx, one) for one in (by_scan, fresh))
    assert (ours.images_total, ours.unreadable) == (theirs.images_total, theirs.unreadable)


def test_a_picture_that_came_after_the_scan_is_found_by_a_fresh_search_alone(
    ctx: Context, library: Library, root: Path
) -> None:
    scanned(ctx, library)
    (root / "later.jpg").write_bytes((root / WANTED).read_bytes())
    assert found(ctx, search(ctx, library, root / WANTED), root) == [WANTED]
    fresh = search(ctx, library, root / WANTED, fresh=True)
    assert sorted(found(ctx, fresh, root)) == ["later.jpg", WANTED]


@pytest.mark.parametrize("changed", [True, False])
def test_a_match_that_has_gone_or_was_changed_since_is_not_told_of(
    ctx: Context, library: Library, root: Path, changed: bool
) -> None:
    (root / "again.jpg").write_bytes((root / WANTED).read_bytes())
    scanned(ctx, library)
    image = root.parent / "mine.jpg"
    image.write_bytes((root / WANTED).read_bytes())
    if changed:
        pictures.photo(99).save(root / WANTED)
    else:
        (root / WANTED).unlink()
    assert found(ctx, search(ctx, library, image), root) == ["again.jpg"]


@pytest.mark.parametrize("preset", [Preset.EXACT, Preset.NEAR])
def test_it_goes_by_a_scan_with_another_threshold_or_preset_where_the_features_are_the_same(
    ctx: Context, library: Library, root: Path, preset: Preset
) -> None:
    scanned(ctx, library, preset=preset)
    by_scan = search(ctx, library, root / WANTED, max_distance=2)
    assert found(ctx, by_scan, root) == [WANTED]
    assert scans.progress(ctx, by_scan).as_of is not None


def test_it_goes_by_the_latest_of_several_scans(ctx: Context, library: Library, root: Path) -> None:
    scanned(ctx, library)
    (root / "later.jpg").write_bytes((root / WANTED).read_bytes())
    second = scanned(ctx, library, "second")
    by_scan = search(ctx, library, root / WANTED)
    assert scans.progress(ctx, by_scan).as_of == scans.progress(ctx, second).created
    assert sorted(found(ctx, by_scan, root)) == ["later.jpg", WANTED]


def test_it_walks_where_only_other_folders_were_scanned_or_no_scan_ended_well(
    ctx: Context, library: Library, root: Path
) -> None:
    store.create(ctx.redis, "part", ScanRequest((Folder(library.id, b"trip"),), preset=Preset.NEAR), time.time())
    go_on(ctx, "part")
    store.create(ctx.redis, "open", ScanRequest((Folder(library.id),), preset=Preset.NEAR), time.time())
    go_on(ctx, "open", until=Phase.GROUP)
    scans.cancel(ctx, "open")
    walked = search(ctx, library, root / WANTED)
    assert found(ctx, walked, root) == [WANTED]
    assert scans.progress(ctx, walked).as_of is None


def test_it_walks_where_a_block_of_the_scan_was_cleared_away(ctx: Context, library: Library, root: Path) -> None:
    scanned(ctx, library)
    for block in (ctx.layout.comparison / "blocks").iterdir():
        block.unlink()
    walked = search(ctx, library, root / WANTED)
    assert found(ctx, walked, root) == [WANTED]
    assert scans.progress(ctx, walked).as_of is None


def test_what_is_still_searched_is_never_cleared_away(ctx: Context, library: Library, root: Path) -> None:
    scanned(ctx, library)
    long_ago = time.time() - upkeep.UNUSED_S - 1
    for path in ctx.layout.comparison.rglob("*"):
        os.utime(path, (long_ago, long_ago))
    search(ctx, library, root / WANTED)
    upkeep.forget(ctx.layout.comparison)
    again = search(ctx, library, root / WANTED)
    assert scans.progress(ctx, again).as_of is not None
    assert found(ctx, again, root) == [WANTED]


def test_a_scan_may_be_deleted_while_a_search_goes_by_it(ctx: Context, library: Library, root: Path) -> None:
    scan = scanned(ctx, library)
    running = search(ctx, library, root / WANTED, until=Phase.COMPARE)
    scan_control.delete(ctx, scan)
    go_on(ctx, running)
    assert found(ctx, running, root) == [WANTED]
    assert scans.progress(ctx, search(ctx, library, root / WANTED)).as_of is None


def test_a_scan_that_is_deleted_before_its_tables_are_taken_over_ends_the_search_with_what_to_do(
    ctx: Context, library: Library, root: Path
) -> None:
    scan = scanned(ctx, library)
    running = search(ctx, library, root / WANTED, until=Phase.INDEX)
    scan_control.delete(ctx, scan)
    go_on(ctx, running)
    assert "Search again" in str(scans.progress(ctx, running).error_message)


def test_tables_are_copied_where_the_disk_has_no_hard_links(
    ctx: Context, library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    scanned(ctx, library)
    monkeypatch.setattr(os, "link", refused)
    by_scan = search(ctx, library, root / WANTED)
    assert scans.progress(ctx, by_scan).as_of is not None
    assert found(ctx, by_scan, root) == [WANTED]


def test_several_units_of_a_few_blocks_each_find_what_one_does(
    ctx: Context, library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(ctx, settings=replace(ctx.settings, block_size=2))
    scanned(small, library)
    one = search(small, library, root / WANTED, max_distance=30)
    monkeypatch.setattr(searching, "AT_ONCE", 3)
    several = search(small, library, root / WANTED, max_distance=30)
    assert int(store.fields(ctx.redis, several)[f"total:{Phase.COMPARE}"]) > 1
    assert scans.result(ctx, one)["matches"] == scans.result(ctx, several)["matches"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, chunk_size=8)
