"""The main job as a person does it, with real workers: choose, scan, watch, decide, undo; and find one image."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shared.context import Context
from shared.domain.scan import Folder, Preset, ScanRequest
from shared.services import libraries, scans, weights
from shared.settings import Settings
from tests import pictures
from tests.browser.conftest import Visitor, keep
from tests.integration.conftest import await_end

pytestmark = pytest.mark.browser

SCAN_TIMEOUT_MS = 90_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data").mkdir()
    return Settings(data=tmp_path / "data", decoders=1)


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    root = tmp_path / "holiday"
    pictures.library(root, count=60, size=(1200, 900))
    return root


def choose(page: Page, *names: str) -> None:
    """Walk down the picker from the only library and choose the folder that is reached."""
    page.get_by_role("button", name="Choose a folder…").click()
    for name in names:
        page.locator(".picker-row", has_text=name).click()
    page.get_by_role("button", name="Choose this folder").click()


def test_from_the_form_to_undo(visitor: Visitor, ctx: Context, holiday: Path, workers: Callable[..., None]) -> None:
    before = files(holiday)
    workers("extract", "compare", "files")
    page = visitor.page("/")
    page.get_by_role("button", name="Start the scan").click()
    expect(page.locator("#folders-error")).to_have_text("Choose at least one folder.")
    page.get_by_role("button", name="Choose a folder…").click()
    expect(page.locator("#picker")).to_contain_text("No folder may be scanned yet")
    page.get_by_label("Another folder of this machine").fill(str(holiday))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".picker-row", has_text="trip")).to_contain_text("60 images")
    keep(page, "picker")
    page.get_by_role("button", name="Choose this folder").click()
    expect(page.locator("#folders")).to_contain_text("holiday")
    page.get_by_role("button", name="Start the scan").click()
    page.get_by_role("button", name="Not now").click()

    page.wait_for_url("**/scans/*")
    expect(page.locator("#progress")).to_be_visible()
    fractions = [watched(page)]
    while page.locator("#results").is_hidden():
        fractions.append(watched(page))
        if 0 < fractions[-1] < 100:
            keep(page, "progress")
        page.wait_for_timeout(200)
        assert len(fractions) < SCAN_TIMEOUT_MS / 200
    assert fractions == sorted(fractions)

    expect(page.locator("#summary")).to_contain_text("groups in")
    # a byte-identical copy; equal pixels in two other files; a re-encoded one; a smaller one
    expect(page.locator(".group")).to_have_count(4)
    for found in page.locator(".group").all():
        found.scroll_into_view_if_needed()
        expect(found.locator(".loading")).to_have_count(0)
        expect(found.locator(".tile-missing:visible")).to_have_count(0)
    page.evaluate("scrollTo(0, 0)")
    keep(page, "found")
    page.get_by_text("files could not be read").click()
    expect(page.locator(".unreadable-list")).to_contain_text("torn.jpg")

    page.get_by_role("button", name="Select all but the keepers").click()
    page.get_by_role("button", name="Move 5 images to the trash").click()
    expect(page.locator(".tile.trashed")).to_have_count(5)
    assert len(before - files(holiday)) == 5
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator(".tile.trashed")).to_have_count(0)
    assert files(holiday) == before

    page.goto("/")
    expect(page.locator(".scan-row")).to_contain_text("4 groups in")


def files(root: Path) -> set[str]:
    """Paths of all files that are not hidden, as those in the trash are."""
    found = (os.path.relpath(os.path.join(where, name), root) for where, _, names in os.walk(root) for name in names)
    return {path for path in found if not path.startswith(".")}


def watched(page: Page) -> int:
    return int(page.locator("#bar").get_attribute("aria-valuenow") or 0)


def test_one_image_is_found_in_a_folder(
    visitor: Visitor, ctx: Context, holiday: Path, tmp_path: Path, workers: Callable[..., None]
) -> None:
    workers("extract", "compare", "files")
    libraries.add(ctx, holiday)
    weights.remember(ctx, False)
    pictures.photo(7, (1200, 900)).resize((600, 450)).save(tmp_path / "mine.jpg", quality=70)
    page = visitor.page("/find")
    page.get_by_role("button", name="Find it").click()
    expect(page.locator("#upload-error")).to_have_text("Choose the image to find.")
    page.locator("#upload").set_input_files(tmp_path / "mine.jpg")
    expect(page.locator("#upload-preview")).to_be_visible()
    choose(page, "trip")
    keep(page, "find-chosen")
    page.get_by_role("button", name="Find it").click()
    page.wait_for_url("**/scans/*")
    expect(page.locator("#summary")).to_contain_text("1 match", timeout=SCAN_TIMEOUT_MS)
    expect(page.locator("#query")).to_be_visible()
    expect(page.locator(".tile-name")).to_have_text("007.jpg")
    expect(page.locator("#as-of")).to_be_hidden()
    keep(page, "find-matches")
    assert not list(ctx.layout.upload("x").parent.iterdir())


def test_a_search_by_a_scan_says_as_of_when_and_a_fresh_one_sees_what_is_new(
    visitor: Visitor, ctx: Context, holiday: Path, tmp_path: Path, workers: Callable[..., None]
) -> None:
    workers("extract", "compare", "files")
    library = libraries.add(ctx, holiday)
    scan_id = scans.request(ctx, ScanRequest((Folder(library.id),), preset=Preset.NEAR))
    await_end(ctx, scan_id)
    pictures.photo(7, (1200, 900)).resize((600, 450)).save(tmp_path / "mine.jpg", quality=70)
    (holiday / "new.jpg").write_bytes((holiday / "trip" / "007.jpg").read_bytes())
    page = visitor.page("/find")
    for fresh, found in ((False, "1 match in"), (True, "2 matches in")):
        page.goto("/find")
        page.locator("#upload").set_input_files(tmp_path / "mine.jpg")
        choose(page)
        page.get_by_label("Near copies").check()
        page.get_by_label("Look at the folders anew").set_checked(fresh)
        keep(page, "find-anew")
        page.get_by_role("button", name="Find it").click()
        expect(page.locator("#summary")).to_contain_text(found, timeout=SCAN_TIMEOUT_MS)
        assert page.locator("#as-of").is_hidden() is fresh
        if not fresh:
            expect(page.locator("#as-of time")).not_to_be_empty()
            keep(page, "find-as-of")


def test_an_upload_that_is_no_image_fails_with_its_reason(
    visitor: Visitor, ctx: Context, holiday: Path, tmp_path: Path, workers: Callable[..., None]
) -> None:
    workers("extract", "compare", "files")
    libraries.add(ctx, holiday)
    weights.remember(ctx, False)
    (tmp_path / "mine.jpg").write_text("no image at all")
    page = visitor.page("/find")
    page.locator("#upload").set_input_files(tmp_path / "mine.jpg")
    choose(page)
    page.get_by_role("button", name="Find it").click()
    expect(page.locator("#ended-title")).to_have_text("The search could not be finished", timeout=SCAN_TIMEOUT_MS)
    expect(page.locator("#ended-text")).not_to_be_empty()
    keep(page, "failed")


def test_a_waiting_scan_can_be_cancelled(visitor: Visitor, ctx: Context, holiday: Path) -> None:
    libraries.add(ctx, holiday)
    weights.remember(ctx, False)
    page = visitor.page("/")
    choose(page)
    page.get_by_role("button", name="Start the scan").click()
    expect(page.locator("#phase")).to_have_text("Waiting for a worker")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#ended-title")).to_have_text("The scan was cancelled")


def test_the_picker_works_by_keyboard_and_chooses_each_folder_once(
    visitor: Visitor, ctx: Context, holiday: Path
) -> None:
    libraries.add(ctx, holiday)
    page = visitor.page("/")
    for _ in range(2):
        page.get_by_role("button", name="Choose a folder…").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#picker")).to_be_visible()
        if page.locator("#picker-crumbs li").count() < 3:
            expect(page.locator(".picker-row", has_text="trip")).to_be_visible()
            page.locator(".picker-row", has_text="trip").focus()
            page.keyboard.press("Enter")
        expect(page.locator("#picker-crumbs li")).to_have_count(3)
        expect(page.locator("#picker-here")).to_have_text("60 images directly in it")
        page.locator("#picker-choose").focus()
        page.keyboard.press("Enter")
    expect(page.locator(".folder-row")).to_have_count(1)
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#no-folders")).to_be_visible()
