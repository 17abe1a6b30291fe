"""Every page at desktop and phone width, light and dark: nothing wider than the window, screenshots kept."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from shared.context import Context
from tests.browser.conftest import Visitor, keep
from tests.gallery import RUNNING, SCAN, SEARCH, WHOLE, Gallery, lay
from tests.pictures import photo

pytestmark = pytest.mark.browser


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_page_fits_its_window(visitor: Visitor, shown: Gallery, ctx: Context, size: str, theme: str) -> None:
    for name, path, ready in (
        ("start", "/", "#start"),
        ("find", "/find", "#drop"),
        ("groups", f"/scans/{SCAN}", ".group .tile img"),
        ("matches", f"/scans/{SEARCH}", "#matches .tile img"),
        ("trash", "/trash", "#empty"),
        ("not-found", "/scans/none", ".empty"),
    ):
        page = visitor.page(path, size, theme)
        expect(page.locator(ready).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert fits(page), f"{name} is wider than its window"
        assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
        if name == "groups":
            page.locator(".group button", has_text="Select all but the keeper").first.click()
        keep(page, f"{name}-{size}-{theme}")


SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
PAGES = (
    "/", "/find", "/scans", f"/scans/{SCAN}", f"/scans/{RUNNING}", f"/scans/{SEARCH}", f"/scans/{SCAN}/compare?group=2",
    f"/scans/{SCAN}/plan", f"/scans/{SCAN}/folders", f"/scans/{SCAN}/calibrate", "/verdicts", "/trash", "/access",
)  # fmt: skip


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_nothing_jumps_while_a_page_loads(
    visitor: Visitor, ctx: Context, shown: Gallery, running: str, size: str
) -> None:
    """Cumulative layout shift (https://web.dev/articles/cls): 0.1 counts as good, and a fifth of it is wanted here."""
    shifted = {}
    proven = lay(ctx, shown, photo(0, (320, 240)), WHOLE)
    for path in (*PAGES, f"/scans/{proven}"):
        page = visitor.page("about:blank", size)
        page.add_init_script(SHIFTS)
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)  # what comes late is what jumps
        shifted[path] = page.evaluate("window.shifted")
        page.context.close()
    assert {path: value for path, value in shifted.items() if value > 0.02} == {}
