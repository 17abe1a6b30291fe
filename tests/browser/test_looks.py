"""Every page at desktop and phone width, light and dark: nothing wider than the window, screenshots kept."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from shared.context import Context
from tests.browser.conftest import Visitor, keep
from tests.gallery import SCAN, SEARCH, Gallery

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
