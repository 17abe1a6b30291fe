"""The list of scans in a real browser: held, resumed, cancelled, repeated, deleted; a reference."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from shared.context import Context
from shared.domain.scan import Folder, Phase
from shared.services import libraries, weights
from shared.store import scans as store
from shared.store.scans import Found
from tests.browser.conftest import SIZES, Visitor, keep
from tests.browser.test_looks import fits
from tests.gallery import SCAN, SEARCH

pytestmark = pytest.mark.browser


def item(page: Page, scan: str) -> Locator:
    return page.locator(f".scan-item[data-scan='{scan}']")


def act(item: Locator, what: str) -> None:
    """By what the button does: its accessible name holds the folder's, which may be anything."""
    item.locator(f"[data-do='{what}']").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_a_scan_is_paused_resumed_cancelled_repeated_and_deleted(
    visitor: Visitor, ctx: Context, running: str, size: str, theme: str
) -> None:
    page = visitor.page("/scans", size, theme)
    mine = item(page, running)
    expect(mine).to_contain_text("8 of 24 pictures read")
    expect(item(page, SCAN)).to_contain_text("24 groups in 72 pictures")
    expect(item(page, SEARCH).locator("[data-do=again]")).to_be_hidden()
    assert fits(page)
    keep(page, f"scans-{size}-{theme}")
    act(mine, "pause")
    expect(mine.locator(".state")).to_have_text("paused")
    act(mine, "resume")
    expect(mine.locator(".state")).to_have_text("running")
    act(mine, "cancel")
    expect(mine.locator(".state")).to_have_text("cancelled")
    act(mine, "again")
    expect(page.locator(".scan-item")).to_have_count(4)
    expect(page.locator(".scan-item a").first).to_be_focused()
    expect(page.locator(".scan-item .state").first).to_have_text("waiting")
    act(mine, "delete")
    keep(page, f"scans-delete-{size}-{theme}")
    page.get_by_role("button", name="Delete the scan", exact=True).click()
    expect(mine).to_have_count(0)
    assert running not in store.latest(ctx.redis, 50)


def test_the_list_follows_what_happens_elsewhere(visitor: Visitor, ctx: Context, running: str) -> None:
    page = visitor.page("/scans")
    expect(item(page, running)).to_contain_text("8 of 24")
    store.claim(ctx.redis, running, Phase.EXTRACT, 1, time.time(), 10.0)
    store.complete(ctx.redis, running, Phase.EXTRACT, 1, Found(add={"images_done": 8}), time.time())
    expect(item(page, running)).to_contain_text("16 of 24")


def test_a_scan_is_paused_and_resumed_on_its_own_page(visitor: Visitor, running: str) -> None:
    page = visitor.page(f"/scans/{running}")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#phase")).to_have_text("Paused")
    expect(page.locator("#resume")).to_be_focused()
    keep(page, "scan-paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#phase")).to_have_text("Reading pictures")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#ended")).to_contain_text("was cancelled")
    page.get_by_role("button", name="Scan again").click()
    page.wait_for_url(lambda url: running not in url)


def test_an_empty_list_says_what_to_do(visitor: Visitor) -> None:
    page = visitor.page("/scans")
    expect(page.locator("#empty")).to_be_visible()
    page.get_by_role("link", name="Choose folders").click()
    expect(page.locator("#start")).to_be_visible()


def test_a_scan_that_others_deleted_is_said_in_its_place(visitor: Visitor, ctx: Context, running: str) -> None:
    page = visitor.page("/scans")
    expect(item(page, SCAN)).to_be_visible()
    ctx.redis.delete(f"lookalike:v1:scan:{SCAN}")
    item(page, SCAN).get_by_role("button", name="Scan again").click()
    expect(item(page, SCAN).get_by_role("alert")).to_have_text("There is no such scan.")


@pytest.mark.parametrize("size", list(SIZES))
def test_new_pictures_are_scanned_against_the_library(
    visitor: Visitor, ctx: Context, tmp_path: Path, size: str
) -> None:
    for name in ("inbox", "album"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        (tmp_path / "pictures" / name / "a.jpg").write_bytes(b"a picture")
    library = libraries.add(ctx, tmp_path / "pictures")
    weights.remember(ctx, False)
    page = visitor.page("/", size)
    box = page.get_by_label("Only compare with it, delete nothing here")
    for name in ("inbox", "album"):
        page.get_by_role("button", name="Choose a folder…").click()
        if name == "album":
            page.locator("#picker-crumbs button", has_text="pictures").click()
        page.locator(".picker-row", has_text=name).click()
        page.get_by_role("button", name="Choose this folder").click()
        expect(box).to_have_count(1 if name == "inbox" else 2)
    expect(box.first).to_be_visible()
    box.nth(0).check()
    box.nth(1).check()
    page.get_by_role("button", name="Start the scan").click()
    expect(page.locator("#folders-error")).to_contain_text("untick one of the folders")
    keep(page, f"reference-{size}")
    box.nth(0).uncheck()
    page.get_by_role("button", name="Start the scan").click()
    page.wait_for_url("**/scans/*")
    expect(page.locator(".scan-head")).to_contain_text("compared with")
    wanted = store.get(ctx.redis, page.url.rsplit("/", 1)[-1]).request
    assert (wanted.folders, wanted.reference) == ((Folder(library.id, b"inbox"),), (Folder(library.id, b"album"),))
