"""The overview in a real browser: sorted, filtered, by link and reload, forward and back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor, keep
from tests.gallery import SCAN, Gallery

pytestmark = pytest.mark.browser


def numbers(page: Page) -> list[int]:
    return [
        int(str(number)) for number in page.locator(".group").evaluate_all("(all) => all.map((g) => g.dataset.group)")
    ]


def test_the_address_holds_what_was_chosen_and_brings_it_back(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    expect(page.locator(".group")).to_have_count(20)
    page.get_by_label("At least", exact=True).select_option("0.8")
    expect(page.locator("#found")).to_have_text("17 groups")
    page.get_by_label("At most", exact=True).select_option("0.9")
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
    expect(page.get_by_label("At most", exact=True)).to_have_value("1")


def test_filters_that_leave_nothing_say_so_and_are_taken_away(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}?kind=same-pixels")
    expect(page.locator("#none-left")).to_contain_text("No group is as the filters say")
    page.get_by_role("button", name="Show all groups").click()
    expect(page.locator("#found")).to_have_text("24 groups")
    page.get_by_label("Folder", exact=True).select_option(label="pictures (1 group)")
    expect(page.locator("#found")).to_have_text("24 groups")


def test_a_link_into_the_middle_opens_there_and_leads_to_the_first(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}?sort=similarity&after=0.88~10")
    expect(page.locator(".group")).to_have_count(14)
    assert numbers(page)[0] == 11
    page.get_by_role("button", name="Back to the first groups").click()
    expect(page.locator(".group")).to_have_count(20)
    assert numbers(page)[0] == 1


def test_what_was_found_is_taken_along_as_csv(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert download.value.path().read_text().count("\n") == 73
