"""The overview in a real browser: sorted, filtered, by link and reload, forward and back."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from shared.context import Context
from shared.domain.model import Kind, Pair, Signals
from shared.domain.review import Verdict
from shared.domain.scan import Folder, ScanRequest
from shared.services import verdicts
from shared.store.results import Result
from tests.browser.accessibility import violations
from tests.browser.conftest import Visitor, keep
from tests.gallery import SCAN, Gallery, write

pytestmark = pytest.mark.browser


def numbers(page: Page) -> list[int]:
    return [
        int(str(number)) for number in page.locator(".group").evaluate_all("(all) => all.map((g) => g.dataset.group)")
    ]


def test_the_address_holds_what_was_chosen_and_brings_it_back(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    expect(page.locator(".group")).to_have_count(20)
    page.get_by_label("Alike from", exact=True).select_option("0.8")
    expect(page.locator("#found")).to_have_text("17 groups")
    page.get_by_label("to", exact=True).select_option("0.9")
    expect(page.locator("#found")).to_have_text("10 groups")
    page.get_by_label("Sorted by").select_option("similarity")
    expect(page.locator(".group")).to_have_count(10)
    chosen = numbers(page)
    assert chosen == list(range(8, 18))
    keep(page, "overview-filtered")
    page.reload()
    expect(page.locator("#found")).to_have_text("10 groups")
    assert numbers(page) == chosen
    expect(page.get_by_label("Sorted by")).to_have_value("similarity")
    page.go_back()
    page.go_back()
    expect(page.locator("#found")).to_have_text("17 groups")
    expect(page.get_by_label("to", exact=True)).to_have_value("1")


def test_filters_that_leave_nothing_say_so_and_are_taken_away(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}?kind=same-pixels")
    expect(page.locator("#none-left")).to_contain_text("No group is as the filters say")
    page.get_by_role("button", name="Show all groups").click()
    expect(page.locator("#found")).to_have_text("24 groups")
    page.get_by_label("Folder", exact=True).select_option(label="pictures (1 group)")
    expect(page.locator("#found")).to_have_text("24 groups")


def test_a_folder_whose_name_has_any_characters_stays_chosen(visitor: Visitor, shown: Gallery) -> None:
    odd = base64.b64encode("ÿ?".encode()).decode()
    assert "/" in odd
    page = visitor.page(f"/scans/{SCAN}?library={shown.library.id}&folder_b64={quote(odd, safe='')}")
    expect(page.locator("#none-left")).to_be_visible()
    page.get_by_label("Sorted by").select_option("similarity")
    page.wait_for_url("**sort=similarity**")
    assert parse_qs(urlsplit(page.url).query)["folder_b64"] == [odd]


def test_a_link_into_the_middle_opens_there_and_leads_to_the_first(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}?sort=similarity&after=0.88~10")
    expect(page.locator(".group")).to_have_count(14)
    assert numbers(page)[0] == 11
    page.get_by_role("button", name="Back to the first groups").click()
    expect(page.locator(".group")).to_have_count(20)
    assert numbers(page)[0] == 1


def test_what_was_found_is_taken_along_as_csv(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    assert exported(page, "CSV").read_text().count("\n") == 73
    page.get_by_label("Alike from", exact=True).select_option("0.95")
    expect(page.locator("#found")).to_have_text("3 groups")
    assert len(json.loads(exported(page, "JSON").read_text())["groups"]) == 3
    page.get_by_role("button", name="Select all but the keeper", exact=True).nth(1).click()
    assert exported(page, "CSV").read_text().count("\n") == 4


def exported(page: Page, form: str) -> Path:
    page.get_by_role("button", name="Export…").click()
    page.locator("#export").get_by_role("radio", name=form).check()
    keep(page, f"export-{form}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    expect(page.locator("#export")).to_be_hidden()
    return Path(download.value.path())


@pytest.mark.parametrize(("size", "theme"), [("desktop", "light"), ("phone", "dark")])
def test_the_report_is_a_page_of_its_own_that_asks_for_nothing(
    visitor: Visitor, shown: Gallery, tmp_path: Path, size: str, theme: str
) -> None:
    page = visitor.page(f"/scans/{SCAN}?least=0.9", size, theme)
    expect(page.locator("#found")).to_have_text("7 groups")
    exported(page, "A page to look at").rename(tmp_path / "report.html")
    page.context.set_offline(True)
    page.goto((tmp_path / "report.html").as_uri())
    expect(page.locator("section")).to_have_count(7)
    assert page.locator("img").evaluate_all("(all) => all.every((img) => img.naturalWidth > 0)")
    expect(page.locator("figure.keeper")).to_have_count(7)
    assert page.locator("script").count() == 0
    assert violations(page) == []
    keep(page, f"report-{size}-{theme}")


def test_a_whole_group_is_said_to_be_no_duplicates_by_one_key_and_identical_files_stay(
    visitor: Visitor, ctx: Context, shown: Gallery
) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    tiles = page.locator("#group-1 .tile")
    expect(tiles).to_have_count(3)
    page.locator("#group-1").focus()
    page.keyboard.press("n")
    expect(tiles).to_have_count(2)
    expect(page.locator("#group-1")).to_be_focused()
    assert [decision.verdict for decision in verdicts.listed(ctx)] == [
        "unrelated"
    ]  # by content: two of three are equal
    assert numbers(page) == list(range(1, 21))
    page.keyboard.press("n")
    expect(page.locator("#toasts")).to_contain_text("These files are identical")
    expect(page.locator("#group-1").get_by_role("button", name="Not duplicates")).to_be_hidden()
    page.reload()
    expect(tiles).to_have_count(2)


def test_a_group_said_to_be_no_duplicates_does_not_come_back(visitor: Visitor, ctx: Context, shown: Gallery) -> None:
    original, small = shown.images["trip/000.jpg"], shown.images["small/000.jpg"]
    near = Signals(0.97, Kind.RESIZED, None, 2, 0.95)
    group, pair = (original.id, [(small.id, near)], small.size), Pair(original.id, small.id, near)
    found = Result(2, [original, small], [], [group], [pair], [], [])
    write(ctx, "5ca9000000000002", ScanRequest((Folder(shown.library.id),)), found)
    page = visitor.page("/scans/5ca9000000000002")
    page.get_by_role("button", name="Not duplicates").click()
    expect(page.locator("#none-left")).to_contain_text("All groups are decided")
    page.reload()
    expect(page.locator("#none-left")).to_contain_text("All groups are decided")
    expect(page.locator(".group")).to_have_count(0)


def test_undo_of_a_verdict_on_a_group_gives_earlier_verdicts_back(
    visitor: Visitor, ctx: Context, shown: Gallery
) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    tiles = page.locator("#group-1 .tile")
    expect(tiles).to_have_count(3)
    small, original = shown.id("small/000.jpg"), shown.id("trip/000.jpg")
    verdicts.decide(ctx, SCAN, [(small, original)], Verdict.BURST)
    before = verdicts.listed(ctx)
    page.locator("#group-1").get_by_role("button", name="Not duplicates").click()
    expect(tiles).to_have_count(2)
    assert [decision.verdict for decision in verdicts.listed(ctx)] == ["unrelated"]
    keep(page, "group-rejected")
    with page.expect_response(lambda told: told.url.endswith("/api/verdicts") and told.request.method == "POST"):
        page.get_by_role("button", name="Undo").last.click()
    assert verdicts.listed(ctx) == before


def test_a_verdict_on_a_group_is_taken_back_by_undo(visitor: Visitor, ctx: Context, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    tiles = page.locator("#group-1 .tile")
    page.locator("#group-1").get_by_role("button", name="Not duplicates").click()
    expect(tiles).to_have_count(2)
    page.get_by_role("button", name="Undo").last.click()
    expect(tiles).to_have_count(3)
    assert verdicts.listed(ctx) == []
