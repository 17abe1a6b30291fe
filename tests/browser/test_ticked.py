"""Ticked pictures moved to a folder or replaced by hard links, and a group formed anew around another picture."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from shared.context import Context
from tests.browser.conftest import Visitor, keep
from tests.browser.test_looks import fits
from tests.browser.test_review import exists, group, tile
from tests.gallery import SCAN, Gallery, loosen

pytestmark = pytest.mark.browser


def inode(shown: Gallery, name: str) -> int:
    return os.stat(os.path.join(shown.library.root, shown.images[name].path)).st_ino  # noqa: PTH116 - bytes


def tick_others(page: Page, number: int) -> None:
    group(page, number).get_by_role("button", name="Select all but the keeper").click()
    page.get_by_text("Other actions").click()


def test_ticked_pictures_move_to_a_folder_and_come_back(
    visitor: Visitor, shown: Gallery, workers: Callable[..., None]
) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SCAN}")
    tick_others(page, 2)
    keep(page, "ticked-otherwise")
    page.get_by_role("button", name="Move to a folder…").click()
    page.get_by_role("button", name="trip").click()
    page.get_by_role("button", name="Choose this folder").click()
    expect(page.locator(".notice")).to_contain_text("Moved 2 images to the folder")
    expect(tile(page, shown, "small/001.jpg").locator(".tile-state")).to_have_text("Moved to a folder")
    assert not exists(shown, "small/001.jpg")
    assert os.path.exists(os.path.join(shown.library.root, b"trip/small/001.jpg"))  # noqa: PTH110 - bytes
    page.locator(".notice").get_by_role("button", name="Undo").click()
    expect(group(page, 2).locator(".tile.trashed")).to_have_count(0)
    assert exists(shown, "small/001.jpg")


def test_ticked_copies_become_hard_links_and_what_is_not_identical_says_why(
    visitor: Visitor, shown: Gallery, workers: Callable[..., None]
) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SCAN}")
    tick_others(page, 2)
    page.get_by_role("button", name="Replace by hard links").click()
    copy = tile(page, shown, "copies/copy 1.jpg")
    expect(copy.locator(".tile-state")).to_have_text("Replaced by a hard link")
    expect(tile(page, shown, "small/001.jpg").locator(".tile-refused")).to_contain_text("equal byte for byte")
    keep(page, "ticked-linked")
    assert inode(shown, "copies/copy 1.jpg") == inode(shown, "trip/001.jpg")
    page.locator(".notice").get_by_role("button", name="Undo").click()
    expect(copy).to_have_class("tile")
    assert inode(shown, "copies/copy 1.jpg") != inode(shown, "trip/001.jpg")


@pytest.mark.parametrize(("size", "theme"), [("phone", "dark"), ("phone", "light"), ("desktop", "dark")])
def test_what_else_can_become_of_them_fits_and_closes(visitor: Visitor, shown: Gallery, size: str, theme: str) -> None:
    page = visitor.page(f"/scans/{SCAN}", size, theme)
    tick_others(page, 1)
    expect(page.get_by_role("button", name="Replace by hard links")).to_be_in_viewport(ratio=1)
    assert fits(page)
    keep(page, f"ticked-{size}-{theme}")
    page.keyboard.press("Escape")
    expect(page.locator("#otherwise summary")).to_be_focused()
    expect(page.get_by_role("button", name="Replace by hard links")).to_be_hidden()


def test_another_picture_is_kept_by_a_key_and_the_first_one_again_by_undo(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    copy = tile(page, shown, "copies/copy 1.jpg")
    copy.locator(".tile-picture").focus()
    page.keyboard.press("m")
    expect(copy.locator(".tile-keeper")).to_be_visible()
    expect(copy.locator(".tile-picture")).to_be_focused()
    expect(group(page, 2).locator(".tile-keeper:visible")).to_have_count(1)
    group(page, 2).get_by_role("button", name="Select all but the keeper").click()
    expect(copy.get_by_role("checkbox")).not_to_be_checked()
    expect(tile(page, shown, "trip/001.jpg").get_by_role("checkbox")).to_be_checked()
    keep(page, "keeper-another")
    page.locator(".notice").get_by_role("button", name="Undo").click()
    expect(tile(page, shown, "trip/001.jpg").locator(".tile-keeper")).to_be_visible()


def test_what_does_not_match_the_new_keeper_leaves(visitor: Visitor, shown: Gallery, ctx: Context) -> None:
    scan = loosen(ctx, shown)
    page = visitor.page(f"/scans/{scan}")
    expect(group(page, 1).locator(".tile")).to_have_count(3)
    tile(page, shown, "small/000.jpg").hover()
    tile(page, shown, "small/000.jpg").get_by_role("button", name="Keep this one").click()
    expect(page.locator(".notice")).to_contain_text("1 picture left this group: not known to match it.")
    expect(group(page, 1).locator(".tile")).to_have_count(2)
    expect(tile(page, shown, "small/000.jpg").locator(".tile-keeper")).to_be_visible()
    expect(group(page, 1).get_by_role("heading")).to_contain_text("2 pictures, at least 97% alike")
    page.locator(".notice").get_by_role("button", name="Undo").click()
    expect(group(page, 1).locator(".tile")).to_have_count(3)
