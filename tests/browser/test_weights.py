"""The first scan that would use the network's weights asks for them once; their download is watched on the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shared.context import Context
from shared.services import libraries, weights
from shared.store import scans as store
from tests.browser.conftest import SIZES, Visitor, keep
from tests.browser.test_looks import fits
from tests.browser.test_whole_path import choose
from tests.sources import OFFLINE, PIECES, Source

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def album(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "a.jpg").write_bytes(b"a picture")
    libraries.add(ctx, tmp_path / "album")


def start(page: Page) -> None:
    page.get_by_role("button", name="Start the scan").click()


def deep(page: Page) -> None:
    page.locator("input[name=preset][value=deep]").check()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_the_first_thorough_scan_asks_and_the_next_does_not(
    visitor: Visitor, ctx: Context, size: str, theme: str
) -> None:
    page = visitor.page("/", size, theme)
    choose(page)
    start(page)
    expect(page.get_by_role("heading", name="Download the network’s weights?")).to_be_visible()
    expect(page.locator("#ask-weights")).to_contain_text("They are 553 MB")
    assert fits(page)
    keep(page, f"ask-weights-{size}-{theme}")
    page.get_by_role("button", name="Not now").click()
    page.wait_for_url("**/scans/*")
    other = visitor.page("/", size, theme)  # another browser
    choose(other)
    start(other)
    other.wait_for_url("**/scans/*")
    assert len(store.latest(ctx.redis, 10)) == 2


def test_who_closes_the_question_has_started_nothing_and_is_asked_again(visitor: Visitor, ctx: Context) -> None:
    page = visitor.page("/")
    choose(page)
    for _ in range(2):
        start(page)
        expect(page.locator("#ask-weights")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#start")).to_be_focused()
    assert store.latest(ctx.redis, 10) == []
    assert not weights.look(ctx).asked


def test_a_deep_scan_is_not_started_without_weights_that_nobody_wants(visitor: Visitor, ctx: Context) -> None:
    page = visitor.page("/")
    choose(page)
    deep(page)
    for _ in range(2):
        start(page)
        expect(page.locator("#ask-weights")).to_contain_text("cannot do without them")
        page.get_by_role("button", name="Not now").click()
        expect(page.locator("#start")).to_be_enabled()
    assert store.latest(ctx.redis, 10) == []


def test_a_download_is_watched_to_its_end(
    visitor: Visitor, ctx: Context, tmp_path: Path, workers: Callable[..., None]
) -> None:
    with Source(tmp_path / "source").serving() as source:
        workers("extract", **source.environment)
        page = visitor.page("/")
        page.get_by_role("button", name="Download (553 MB)").click()
        source.allow(2)
        expect(page.locator("#weights-loaded")).to_have_text("Downloading: 2 MB of 553 MB.")
        expect(page.get_by_role("button", name="Download (553 MB)")).to_be_hidden()
        page.locator("#weights").scroll_into_view_if_needed()
        keep(page, "weights-loading")
        other = visitor.page("/")  # another browser sees it too
        expect(other.locator("#weights-loaded")).to_have_text("Downloading: 2 MB of 553 MB.")
        source.allow(PIECES)
        expect(page.locator("#weights-here")).to_have_text("The weights are here: scans use them from now on.")
        expect(page.locator("#weights-way")).to_be_hidden()
        keep(page, "weights-here")
    choose(page)
    deep(page)
    start(page)
    page.wait_for_url("**/scans/*")


def test_a_download_that_fails_says_so_and_the_scan_goes_on_without(
    visitor: Visitor, ctx: Context, workers: Callable[..., None]
) -> None:
    workers("extract", "compare", "files", **OFFLINE)
    page = visitor.page("/")
    choose(page)
    start(page)
    page.get_by_role("button", name="Download", exact=True).click()
    page.wait_for_url("**/scans/*")
    expect(page.locator("#results")).to_be_visible(timeout=120_000)
    expect(page.locator("#without")).to_contain_text("could not be downloaded: this scan does without")
    keep(page, "weights-without")
    page.goto("/")
    expect(page.locator("#weights-error")).to_contain_text("could not be downloaded ([Errno 111] Connection refused)")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.locator("#weights").scroll_into_view_if_needed()
    keep(page, "weights-failed")
