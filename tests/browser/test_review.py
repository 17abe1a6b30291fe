"""Deciding in a real browser, with a real files worker: tick, move to the trash, undo, restore, purge."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from shared.context import Context
from shared.services import trash
from shared.store import libraries as store
from tests import deletions
from tests.browser.conftest import Visitor, keep
from tests.gallery import SCAN, SEARCH, Gallery
from tests.unit.shared.test_trash_pages import done as lay
from tests.unit.shared.test_trash_pages import move

pytestmark = pytest.mark.browser


def exists(shown: Gallery, name: str) -> bool:
    return os.path.exists(os.path.join(shown.library.root, shown.images[name].path))  # noqa: PTH110 - bytes


def group(page: Page, number: int) -> Locator:
    return page.locator(f".group[data-group='{number}']")


def tile(page: Page, shown: Gallery, name: str) -> Locator:
    return page.locator(f".tile[data-image='{shown.id(name)}']")


def test_a_group_is_cleared_and_undone(visitor: Visitor, shown: Gallery, workers: Callable[..., None]) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SCAN}")
    expect(page.locator("#summary")).to_have_text("24 groups in 72 pictures")
    group(page, 2).get_by_role("button", name="Select all but the keeper").click()
    page.get_by_role("button", name="Move 2 images to the trash").click()
    expect(group(page, 2).locator(".tile.trashed")).to_have_count(2)
    expect(page.locator(".notice")).to_contain_text("Moved 2 images to the trash")
    keep(page, "trashed")
    assert not exists(shown, "small/001.jpg")
    assert exists(shown, "trip/001.jpg")
    page.reload()  # another browser, or the same one later, shows the same
    expect(group(page, 2).locator(".tile.trashed")).to_have_count(2)
    page.get_by_role("button", name="Undo: bring back 2 images").click()
    expect(group(page, 2).locator(".tile.trashed")).to_have_count(0)
    assert exists(shown, "small/001.jpg")
    expect(page.locator("#undo-last")).to_be_hidden()


def test_the_last_picture_of_a_group_cannot_be_ticked(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    boxes = group(page, 1).get_by_role("checkbox")
    boxes.nth(0).check()
    expect(boxes.nth(2)).to_be_enabled()
    boxes.nth(1).check()
    expect(boxes.nth(2)).to_be_disabled()
    boxes.nth(0).uncheck()
    expect(boxes.nth(2)).to_be_enabled()


def test_a_refused_move_says_why_in_its_place(visitor: Visitor, shown: Gallery, workers: Callable[..., None]) -> None:
    workers("files")
    with open(os.path.join(shown.library.root, b"small/000.jpg"), "ab") as file:
        file.write(b"edited since")
    page = visitor.page(f"/scans/{SCAN}")
    group(page, 1).get_by_role("button", name="Select all but the keeper").click()
    page.get_by_role("button", name="Move 2 images").click()
    expect(tile(page, shown, "small/000.jpg").locator(".tile-refused")).to_be_visible()
    expect(group(page, 1).locator(".tile.trashed")).to_have_count(1)
    keep(page, "refused")
    assert exists(shown, "small/000.jpg")


def test_groups_come_page_by_page_and_are_ticked_together(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    expect(page.locator(".group")).to_have_count(20)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")  # more come by themselves
    expect(page.locator(".group")).to_have_count(24)
    expect(page.locator("#more")).to_be_hidden()
    page.get_by_role("button", name="Select all but the keepers").click()
    expect(page.locator("#selected")).to_have_text("48 selected")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#action-bar")).to_be_hidden()


def test_all_of_it_works_by_keyboard(visitor: Visitor, shown: Gallery, workers: Callable[..., None]) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SCAN}")
    box = tile(page, shown, "small/000.jpg").get_by_role("checkbox")
    box.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Move 1 image").focus()
    page.keyboard.press("Enter")
    expect(tile(page, shown, "small/000.jpg")).to_have_class("tile trashed")
    tile(page, shown, "trip/000.jpg").get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#preview")).to_be_visible()
    keep(page, "preview")
    page.keyboard.press("Escape")
    expect(page.locator("#preview")).to_be_hidden()


def test_nothing_can_be_ticked_where_nothing_can_be_deleted(visitor: Visitor, shown: Gallery, ctx: Context) -> None:
    store.put_writable(ctx.redis, shown.library.id, "The folder is mounted read-only.")
    page = visitor.page(f"/scans/{SCAN}")
    expect(page.locator("#read-only")).to_contain_text("The folder is mounted read-only.")
    expect(page.locator(".tile input:enabled")).to_have_count(0)
    page.get_by_role("button", name="Select all but the keepers").click()
    expect(page.locator("#action-bar")).to_be_hidden()


def test_unreadable_files_are_listed(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    page.get_by_text("1 file could not be read").click()
    expect(page.locator(".unreadable-list")).to_contain_text("torn.jpg The file ends too early")


def test_a_match_is_moved_with_one_click_and_an_only_copy_after_a_question(
    visitor: Visitor, shown: Gallery, workers: Callable[..., None]
) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SEARCH}")
    copy = tile(page, shown, "odd-\\xff.jpg")
    copy.get_by_role("button", name="Move to the trash").click()
    expect(copy).to_have_class("tile trashed")
    copy.get_by_role("button", name="Undo").click()
    expect(copy).to_have_class("tile")
    small = tile(page, shown, "small/000.jpg")
    small.get_by_role("button", name="Move to the trash").click()
    expect(page.locator("#confirm")).to_contain_text("No other copy")
    keep(page, "no-other-copy")
    page.get_by_role("button", name="Cancel").click()
    expect(small).to_have_class("tile")
    assert exists(shown, "small/000.jpg")
    small.get_by_role("button", name="Move to the trash").click()
    page.locator("#confirm-yes").click()
    expect(small).to_have_class("tile trashed")
    assert not exists(shown, "small/000.jpg")


def test_the_trash_gives_back_and_asks_twice_before_it_purges(
    visitor: Visitor, shown: Gallery, workers: Callable[..., None]
) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SCAN}")
    for number in (1, 2):
        group(page, number).get_by_role("button", name="Select all but the keeper").click()
    page.get_by_role("button", name="Move 4 images").click()
    expect(page.locator(".tile.trashed")).to_have_count(4)
    page.goto("/trash")
    expect(page.locator(".entry")).to_have_count(4)
    keep(page, "trash-full")
    page.get_by_role("button", name="Bring back 001.jpg").click()
    expect(page.locator(".entry")).to_have_count(3)
    assert exists(shown, "small/001.jpg")
    page.get_by_role("button", name="Empty the trash").click()
    expect(page.locator("#confirm-yes")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.locator(".entry")).to_have_count(3)
    page.get_by_role("button", name="Empty the trash").click()
    page.get_by_label("I do not need to bring this back").check()
    keep(page, "purge")
    page.locator("#confirm-yes").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


def test_a_large_trash_is_shown_page_by_page_and_keeps_its_place(
    visitor: Visitor, ctx: Context, shown: Gallery, workers: Callable[..., None]
) -> None:
    workers("files")
    copies = [image.id for name, image in shown.images.items() if not name.startswith("trip/")]
    deletions.done(ctx, trash.delete(ctx, SCAN, copies))
    lay(ctx, *(move(f"before.{n:02}", 1.0) for n in range(30)))
    page = visitor.page("/trash")
    expect(page.locator(".entry")).to_have_count(50)
    expect(page.get_by_role("heading", name="48 pictures")).to_be_visible()
    expect(page.get_by_role("heading", name="30 pictures")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".entry")).to_have_count(78)
    expect(page.get_by_role("heading", name="30 pictures")).to_have_count(1)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    keep(page, "trash-pages")
    page.get_by_role("button", name="Bring back copy 5.jpg").click()
    expect(page.locator(".entry")).to_have_count(77)
    expect(page.get_by_role("heading", name="47 pictures")).to_be_visible()
    page.get_by_role("button", name="Bring all back").first.click()
    expect(page.get_by_role("heading", name="47 pictures")).to_be_hidden(timeout=60_000)
    assert all(exists(shown, name) for name in shown.images)
    expect(page.locator(".entry")).to_have_count(30)
