"""A scan that still compares: what it has found so far is to be looked at, marked, and nothing can be decided."""

from __future__ import annotations

import shutil
import time

import pytest
from playwright.sync_api import expect

from shared.context import Context
from shared.domain.scan import State
from shared.store import keys
from tests.browser.accessibility import violations
from tests.browser.conftest import Visitor, keep
from tests.browser.test_looks import fits
from tests.gallery import SCAN, Gallery

pytestmark = pytest.mark.browser


@pytest.fixture
def comparing(ctx: Context, shown: Gallery) -> None:
    """The gallery's scan, as if it had not ended yet."""
    shutil.move(ctx.layout.result(SCAN), ctx.layout.provisional(SCAN))
    now = time.time()
    ctx.redis.hset(keys.scan(SCAN), mapping={"state": State.RUNNING, "phase": "compare", "phase_started": now})


@pytest.mark.parametrize(("size", "theme"), [("desktop", "light"), ("phone", "dark")])
def test_groups_found_so_far_are_marked_and_offer_nothing(
    visitor: Visitor, ctx: Context, comparing: None, size: str, theme: str
) -> None:
    page = visitor.page(f"/scans/{SCAN}", size, theme)
    expect(page.locator("#so-far-title")).to_have_text("24 groups so far")
    expect(page.locator("#so-far")).to_contain_text("Only to look at")
    expect(page.locator("#so-far .group")).to_have_count(12)
    assert page.locator("#so-far").get_by_role("checkbox").count() == 0
    assert page.locator("#so-far").get_by_role("link").count() == 0
    assert all("Enlarge" in str(name.get_attribute("aria-label")) for name in page.locator("#so-far button").all())
    page.wait_for_load_state("networkidle")
    assert violations(page) == []
    assert fits(page)
    keep(page, f"so-far-{size}-{theme}")
    drawn = page.locator("#so-far .group").first.element_handle()
    page.wait_for_timeout(2500)
    assert drawn.evaluate("(group) => group.isConnected"), "redrawn only when it changed"

    shutil.move(ctx.layout.provisional(SCAN), ctx.layout.result(SCAN))
    ctx.redis.hset(keys.scan(SCAN), "state", State.DONE)
    expect(page.locator("#groups .group").first).to_be_visible()
    expect(page.locator("#so-far")).to_have_count(0)
    expect(page.get_by_role("checkbox").first).to_be_enabled()


def test_nothing_is_shown_before_there_is_something(visitor: Visitor, running: str) -> None:
    page = visitor.page(f"/scans/{running}")
    expect(page.locator("#phase")).to_have_text("Reading pictures")
    page.wait_for_timeout(500)
    expect(page.locator("#so-far")).to_be_hidden()
