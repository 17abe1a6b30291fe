"""Deciding by rules in a real browser, with a real files worker: change rules, look, apply, stop, undo."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from shared.context import Context
from shared.domain import proposing
from shared.store import keys
from tests.browser.conftest import Visitor, keep
from tests.browser.test_looks import fits
from tests.gallery import SCAN, Gallery

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def all_may_be_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gallery's smaller pictures are look-alikes, which are left to people; here they stand for proven matches."""
    monkeypatch.setattr(proposing, "proposable", lambda signals: True)


def here(shown: Gallery) -> int:
    return sum(os.path.exists(os.path.join(shown.library.root, i.path)) for i in shown.images.values())  # noqa: PTH110


def test_rules_are_previewed_applied_and_undone(visitor: Visitor, shown: Gallery, workers: Callable[..., None]) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SCAN}")
    page.get_by_role("link", name="Decide by rules").click()
    expect(page.locator("#outcome-title")).to_have_text("48 pictures of 24 groups would go")
    expect(page.locator(".group")).to_have_count(20)
    expect(page.locator(".tile-fate", has_text="Goes: fewer pixels")).to_have_count(20)
    assert here(shown) == 72
    keep(page, "plan-staged")
    page.get_by_role("button", name="Move 48 pictures to the trash").click()
    expect(page.locator("#outcome-title")).to_contain_text("Done: 48 pictures moved", timeout=60_000)
    assert here(shown) == 24
    expect(page.locator("#rules")).to_be_hidden()
    expect(page.locator(".tile.trashed")).to_have_count(40)
    keep(page, "plan-done")
    other = visitor.page(page.url.replace(page.url.split("/plans/")[0], ""))  # another browser
    expect(other.locator("#outcome-title")).to_contain_text("Done: 48 pictures moved")
    other.get_by_role("button", name="Undo: bring back 48 pictures").click()
    expect(other.locator("#outcome-title")).to_have_text("Undone: 48 pictures brought back", timeout=60_000)
    assert here(shown) == 72


def test_a_tie_is_left_and_another_rule_settles_it(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}/plan")
    expect(page.locator("#apply")).to_be_enabled()
    for name in ("Shortest path", "Oldest", "Lossless first", "Largest file"):
        page.get_by_role("button", name=f"Remove “{name}”").click()
    expect(page.locator("#left")).to_have_text("24")
    expect(page.locator("#apply")).to_be_disabled()
    expect(page.locator("#outcome-title")).to_have_text("Nothing would go by these rules")
    expect(page.locator(".tile-fate", has_text="as good as another by all rules").first).to_be_visible()
    keep(page, "plan-ties")
    page.get_by_label("Add a rule").select_option("name")
    expect(page.locator("#outcome-title")).to_have_text("Nothing would go by these rules")  # it lacks its pattern
    page.get_by_label("Name like, with * for anything").fill("0*.jpg")
    page.keyboard.press("Enter")
    expect(page.locator("#left")).to_have_text("0")
    expect(page.locator("#moves")).to_have_text("48")
    page.reload()
    expect(page.locator("#moves")).to_have_text("48")
    expect(page.locator(".step")).to_have_count(2)
    expect(page.get_by_label("Name like, with * for anything")).to_have_value("0*.jpg")


def test_the_picture_with_the_most_metadata_stays(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}/plan")
    expect(page.locator("#moves")).to_have_text("48")
    page.get_by_label("Add a rule").select_option("metadata")
    for _ in range(5):
        page.get_by_role("button", name="Move “Most metadata” up").click()
    expect(page.locator(".step-name").first).to_have_text("Most metadata")
    expect(page.locator(".tile-fate", has_text="Goes: less metadata")).to_have_count(20)
    keep(page, "plan-metadata")


def test_folders_are_preferred_and_protected(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}/plan")
    expect(page.locator("#moves")).to_have_text("48")
    page.get_by_label("Protect a folder").select_option(label="pictures/small")
    expect(page.locator("#moves")).to_have_text("24")
    page.get_by_label("Add a rule").select_option("folders")
    page.get_by_label("Prefer a folder").select_option(label="pictures/copies")
    rule = page.get_by_role("button", name="Move “In a preferred folder” up")
    for _ in range(5):
        rule.click()
    expect(page.locator(".tile-fate", has_text="Stays: in a preferred folder").first).to_be_visible()
    expect(page.locator(".tile-fate", has_text="Goes: in a less preferred folder").first).to_be_visible()
    expect(page.locator(".step-name").first).to_have_text("In a preferred folder")
    keep(page, "plan-folders")
    page.get_by_role("button", name="Remove pictures/small").click()
    expect(page.locator("#moves")).to_have_text("48")


def test_rules_are_saved_by_name(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}/plan")
    expect(page.locator("#apply")).to_be_enabled()
    page.get_by_role("button", name="Remove “Most pixels”").click()
    page.get_by_label("Save these rules as").fill("Mine")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("Saved as “Mine”")
    page.goto(f"/scans/{SCAN}/plan?kind=similar")
    expect(page.locator("#scope")).to_contain_text("kind: similar")
    expect(page.locator(".step")).to_have_count(5)
    page.get_by_label("Saved rules").select_option("Mine")
    expect(page.locator(".step")).to_have_count(4)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("#saved-row")).to_be_hidden()


def test_a_plan_is_stopped_and_gone_on_with(
    visitor: Visitor, shown: Gallery, ctx: Context, workers: Callable[..., None]
) -> None:
    page = visitor.page(f"/scans/{SCAN}/plan")
    page.get_by_role("button", name="Move 48 pictures to the trash").click()  # no worker is there yet
    expect(page.locator("#outcome-title")).to_have_text("Moving 48 pictures…")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#outcome-title")).to_have_text("Stopped: 0 pictures of 48 moved")
    workers("files")
    assert ctx.redis.hget(keys.plan(page.url.rsplit("/", 1)[1]), "state") == b"stopped"
    page.reload()
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#outcome-title")).to_contain_text("Done: 48 pictures moved", timeout=60_000)
    assert here(shown) == 24


def test_refused_files_are_listed_with_the_reason(
    visitor: Visitor, shown: Gallery, workers: Callable[..., None]
) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SCAN}/plan")
    expect(page.locator("#apply")).to_be_enabled()
    with open(os.path.join(shown.library.root, b"small/000.jpg"), "ab") as file:
        file.write(b"edited since")
    page.locator("#apply").click()
    expect(page.locator("#outcome-title")).to_contain_text("Done: 47 pictures moved", timeout=60_000)
    page.get_by_text("1 file left as before").click()
    expect(page.locator("#refused li")).to_contain_text("small/000.jpg The file has changed")
    keep(page, "plan-refused")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_plan_fits_its_window(visitor: Visitor, shown: Gallery, size: str, theme: str) -> None:
    page = visitor.page(f"/scans/{SCAN}/plan", size, theme)
    expect(page.locator(".group .tile img").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert fits(page)
    keep(page, f"plan-{size}-{theme}")


def test_one_decision_for_all_that_two_folders_share(
    visitor: Visitor, shown: Gallery, workers: Callable[..., None]
) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SCAN}")
    page.get_by_role("link", name="Folders…").click()
    expect(page.locator(".pair").first).to_contain_text("100% of it is in pictures/trip: 24 of 24 pictures")
    page.wait_for_load_state("networkidle")
    keep(page, "pairs")
    page.get_by_role("link", name="Clear pictures/small of what is in pictures/trip").click()
    expect(page.locator("#scope")).to_have_text(
        "Between two folders: pictures/small is cleared of what pictures/trip has."
    )
    expect(page.locator("#moves")).to_have_text("24")
    page.locator("#apply").click()
    expect(page.locator("#outcome-title")).to_contain_text("Done: 24 pictures moved", timeout=60_000)
    keep(page, "pairs-done")
    assert here(shown) == 48
    page = visitor.page(f"/scans/{SCAN}/folders", "phone", "dark")
    expect(page.locator(".pair").first).to_be_visible()
    assert fits(page)
    keep(page, "pairs-phone")


def test_identical_files_become_links(visitor: Visitor, shown: Gallery, workers: Callable[..., None]) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SCAN}/plan")
    expect(page.locator("#moves")).to_have_text("48")
    page.get_by_label("Replace identical files by hard links").check()
    expect(page.locator("#moves")).to_have_text("24")
    expect(page.locator(".tile-fate", has_text="Stays: not the same bytes, so no link").first).to_be_visible()
    page.get_by_role("button", name="Replace 24 files by hard links").click()
    expect(page.locator("#outcome-title")).to_contain_text("Done: 24 pictures replaced by links", timeout=60_000)
    assert here(shown) == 72
    expect(page.locator(".tile-state", has_text="Replaced by a hard link").first).to_be_visible()
    keep(page, "plan-links")
    page.goto("/trash")
    expect(page.locator(".entry", has_text="a hard link is in its place")).to_have_count(24)
    keep(page, "trash-links")
    page.get_by_role("button", name="To the plan, to bring all back").click()
    page.get_by_role("button", name="Undo: bring back 24 pictures").click()
    expect(page.locator("#outcome-title")).to_have_text("Undone: 24 pictures brought back", timeout=60_000)


def test_a_folder_can_be_chosen_only_once_it_is_shown(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}/plan")
    page.get_by_label("Move to a folder").check()
    page.get_by_role("button", name="Choose a folder…").click()
    expect(page.locator("#picker-choose")).to_be_enabled()
    held: list[Route] = []
    page.route("**/folders?*", lambda route: held.append(route))
    page.locator("#picker-list").get_by_role("button", name="trip").click()
    expect(page.locator("#picker-choose")).to_be_disabled()
    held[0].continue_()
    page.get_by_role("button", name="Choose this folder").click()
    expect(page.locator("#target")).to_contain_text("pictures/trip")


def test_pictures_move_to_a_folder_that_is_chosen(
    visitor: Visitor, shown: Gallery, workers: Callable[..., None]
) -> None:
    workers("files")
    page = visitor.page(f"/scans/{SCAN}/plan")
    expect(page.locator("#apply")).to_be_enabled()
    page.get_by_label("Move to a folder").check()
    expect(page.locator("#apply")).to_be_disabled()
    page.get_by_role("button", name="Choose a folder…").click()
    page.locator("#picker-list").get_by_role("button", name="trip").click()
    page.get_by_role("button", name="Choose this folder").click()
    expect(page.locator("#target")).to_contain_text("pictures/trip")
    page.get_by_role("button", name="Move 48 pictures to the folder").click()
    expect(page.locator("#outcome-title")).to_contain_text("Done: 48 pictures moved", timeout=60_000)
    assert here(shown) == 24
    assert os.path.exists(os.path.join(shown.library.root, b"trip/small/000.jpg"))  # noqa: PTH110 - bytes
    page.goto(f"/scans/{SCAN}")
    page.get_by_role("button", name="Undo the last plan").click()
    page.get_by_role("button", name="Undo: bring back 48 pictures").click()
    expect(page.locator("#outcome-title")).to_have_text("Undone: 48 pictures brought back", timeout=60_000)
    assert here(shown) == 72
