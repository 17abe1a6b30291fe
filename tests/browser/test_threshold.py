"""How strict: the slider forms groups anew at once; twenty judged pairs suggest where to put it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.conftest import SIZES, Visitor, keep
from tests.browser.test_looks import fits
from tests.gallery import SCAN, Gallery

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_the_slider_counts_while_it_moves_and_shows_the_groups_where_it_stays(
    visitor: Visitor, shown: Gallery, size: str, theme: str
) -> None:
    page = visitor.page(f"/scans/{SCAN}", size, theme)
    slider = page.get_by_role("slider", name="How alike")
    expect(page.locator("#threshold-found")).to_contain_text("to let go")
    keep(page, f"threshold-{size}-{theme}")
    assert fits(page)
    slider.evaluate("(slider) => { slider.value = 0.93; slider.dispatchEvent(new Event('input')); }")
    expect(page.locator("#threshold-found")).to_contain_text("24 groups, 29 pictures to let go")
    expect(page.locator("#found")).to_have_text("24 groups")
    slider.evaluate("(slider) => slider.dispatchEvent(new Event('change'))")
    expect(page.locator(".group").first.locator(".tile")).to_have_count(3)
    expect(page.locator("[data-kind=resized]")).to_have_count(5)
    expect(page.locator("#summary")).to_have_text("24 groups in 72 pictures")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#threshold-shown")).to_have_text("94%")
    expect(page.locator("[data-kind=resized]")).to_have_count(4)
    page.reload()
    expect(page.locator("#threshold-shown")).to_have_text("94%")


@pytest.mark.parametrize(("size", "theme"), [("desktop", "light"), ("phone", "dark")])
def test_twenty_answers_by_single_keys_suggest_a_threshold(
    visitor: Visitor, shown: Gallery, size: str, theme: str
) -> None:
    page = visitor.page(f"/scans/{SCAN}", size, theme)
    expect(page.locator("#threshold-found")).to_contain_text("to let go")
    page.get_by_role("slider", name="How alike").evaluate(
        "(slider) => { slider.value = 0.88; slider.dispatchEvent(new Event('input')); }"
    )
    page.get_by_role("link", name="Calibrate").click()
    expect(page.locator("#asked")).to_contain_text("1 of 20")
    assert violations(page) == []
    keep(page, f"calibrate-{size}-{theme}")
    for number in range(20):
        expect(page.locator("#asked")).to_contain_text(f"{number + 1} of 20")
        answers = page.locator("#learned-text").inner_text()
        page.keyboard.press("y" if number % 7 else "n")
        expect(page.locator("#learned-text")).not_to_have_text(answers)
    expect(page.locator("#learned-text")).to_contain_text("20 answers: 17 the same, 3 not")
    page.get_by_role("button", name="Judge twenty more").click()
    expect(page.locator("#asked")).to_contain_text("1 of 4")
    for _ in range(4):
        answers = page.locator("#learned-text").inner_text()
        page.keyboard.press("y")
        expect(page.locator("#learned-text")).not_to_have_text(answers)
    expect(page.locator("#question")).to_be_hidden()
    assert violations(page) == []
    assert fits(page)
    keep(page, f"calibrated-{size}-{theme}")
