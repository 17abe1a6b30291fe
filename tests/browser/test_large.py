"""A hundred thousand groups in a real browser: the first page, and what the page holds however far one scrolls."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace

import pytest
from playwright.sync_api import CDPSession, Page, expect

from shared.context import Context
from shared.domain.model import Kind, Signals, image_id
from shared.domain.review import Sort
from shared.domain.scan import Folder, Preset, ScanRequest
from shared.store import results
from tests.browser.conftest import ARTIFACTS, Visitor, keep
from tests.gallery import EXACT, Gallery, write

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # it goes by the clock, and takes a minute

LARGE = "1a49e00000000001"
GROUPS = int(os.environ.get("LARGE_GROUPS", "100000"))
FIRST_PAGE_MS = 200.0
PAGES = 40
MIB = 1 << 20


@pytest.fixture
def large(ctx: Context, shown: Gallery) -> str:
    """Groups of three with made scores; their thumbnails are the few of the gallery."""
    originals, library = list(shown.images.values()), shown.library.id
    images, groups = [], []
    for n in range(3 * GROUPS):
        path = f"year {n % 40}/{n:06}.jpg".encode()
        like = originals[n % len(originals)]
        images.append(replace(like, id=image_id(library, path), path=path, size=1000 + n * 7919 % 5_000_000))
    for n in range(GROUPS):
        keeper, copy, other = images[3 * n : 3 * n + 3]
        near = Signals(0.5 + (n * 31 % 1000) / 2000, Kind.LOOK_ALIKE, None, 2, 0.9)
        groups.append((keeper.id, [(copy.id, EXACT), (other.id, near)], copy.size + other.size))
    groups.sort(key=lambda group: -group[2])
    write(
        ctx,
        LARGE,
        ScanRequest((Folder(library),), preset=Preset.NEAR),
        results.Result(len(images), images, {}, groups, [], [], []),
    )
    return LARGE


def first_page(page: Page, scan: str, sort: Sort) -> float:
    """Milliseconds from the browser's question for the first page to the first byte of the answer."""
    with page.expect_response(lambda response: "/groups?" in response.url) as answer:
        page.goto(f"/scans/{scan}?sort={sort}")
    answer.value.finished()
    expect(page.locator(".group .tile")).to_have_count(60)
    timing = answer.value.request.timing
    return round(timing["responseStart"] - timing["requestStart"], 1)


def held(session: CDPSession) -> dict[str, float]:
    """Bytes of JavaScript's heap and number of nodes, after garbage was collected."""
    session.send("HeapProfiler.collectGarbage")
    found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return {"heap_mib": found["JSHeapUsedSize"] / MIB, "nodes": found["Nodes"]}


def scroll_on(page: Page, pages: int) -> None:
    for _ in range(pages):
        last = page.locator("#groups .group").last
        number = last.get_attribute("data-group")
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(last).not_to_have_attribute("data-group", str(number))
        expect(page.locator("#groups")).not_to_have_attribute("aria-busy", "true")


def test_the_first_page_is_there_at_once_and_the_last_takes_no_more_memory(visitor: Visitor, large: str) -> None:
    page = visitor.page(f"/scans/{large}")
    times = {sort: min(first_page(page, large, sort) for _ in range(3)) for sort in Sort}
    page.goto(f"/scans/{large}")
    expect(page.locator("#found")).to_have_text(f"{GROUPS:,} groups")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    answers: list[str] = []
    page.on("response", lambda answer: answers.append(answer.url) if "/groups?" in answer.url else None)
    scroll_on(page, 5)  # as many groups as the page ever holds
    early = held(session)
    begun = time.perf_counter()
    scroll_on(page, PAGES)
    late = held(session)
    keep(page, "large")
    figures = {"groups": GROUPS, "first_page_ms": times, "early": early, "late": late,
               "page_ms_while_scrolling": round((time.perf_counter() - begun) * 1000 / PAGES)}  # fmt: skip
    (ARTIFACTS / "large.json").write_text(json.dumps(figures, indent=1))
    assert page.locator(".group").count() <= 120
    assert len(answers) <= PAGES + 5 + 1, "each scroll to the end loads one page"
    assert max(times.values()) < FIRST_PAGE_MS, figures
    assert late["heap_mib"] < early["heap_mib"] * 1.25 + 2, figures
    assert late["nodes"] < early["nodes"] * 1.25, figures
