"""A hundred thousand groups in a real browser: the first page, and what the page holds however far one scrolls."""

from __future__ import annotations

import json
import os
import time
from base64 import urlsafe_b64encode
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import CDPSession, Page, Response, expect

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
        path = f"all/year {n % 40}/{n:06}.jpg".encode()
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
        ScanRequest((Folder(library),), preset=Preset.EXACT),  # no slider, which would still count for the page before
        results.Result(len(images), images, {}, groups, [], [], []),
    )
    return LARGE


def filters(library: str) -> dict[str, tuple[dict[str, str], int]]:
    """What a person filters by, and how many groups that leaves: all, some and none."""
    folders = {name: urlsafe_b64encode(name.encode()).decode() for name in ("all", "all/year 7")}
    return {
        "undecided": ({"show": "undecided"}, GROUPS),
        "decided": ({"show": "decided"}, 0),
        "a kind of all": ({"kind": "look-alike"}, GROUPS),
        "a kind of none": ({"kind": "cropped"}, 0),
        "a tenth by similarity": ({"least": "0.9", "most": "0.95"}, GROUPS * 101 // 1000),
        "a format of all": ({"format": "JPEG"}, GROUPS),
        "a format of none": ({"format": "PNG"}, 0),
        "a folder": ({"library": library, "folder_b64": folders["all/year 7"]}, GROUPS * 3 // 40),
        "a folder above all": ({"library": library, "folder_b64": folders["all"]}, GROUPS),
    }


def is_first_page(answer: Response, sort: Sort, fields: dict[str, str]) -> bool:
    """Whether a page asked for these groups, and not one that was there before for its next."""
    address = urlsplit(answer.url)
    asked = {"sort": str(Sort.FREED), "after": ""} | dict(parse_qsl(address.query))
    return address.path.endswith("/groups") and asked == {"sort": str(sort), "after": "", **fields}


def first_page(page: Page, scan: str, sort: Sort, fields: dict[str, str], total: int) -> float:
    """Milliseconds from the browser's question for the first page to the first byte of the answer."""
    with page.expect_response(lambda response: is_first_page(response, sort, fields)) as answer:
        page.goto(f"/scans/{scan}?{urlencode({'sort': sort, **fields})}")
    answer.value.finished()
    expect(page.locator("#found")).to_have_text(f"{total:,} groups")
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


def note(name: str, figures: dict[str, object]) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    (ARTIFACTS / f"{name}.json").write_text(json.dumps(figures, indent=1))


def test_the_first_page_is_there_at_once_however_it_is_sorted_and_filtered(
    visitor: Visitor, shown: Gallery, large: str
) -> None:
    page = visitor.page(f"/scans/{large}")
    by_sort: dict[str, tuple[Sort, dict[str, str], int]] = {f"by {sort}": (sort, {}, GROUPS) for sort in Sort}
    # similarity goes furthest athwart the order in which groups lie in the file
    by_filter = {name: (Sort.SIMILARITY, *wanted) for name, wanted in filters(shown.library.id).items()}
    asked = {**by_sort, **by_filter}
    times = {name: min(first_page(page, large, *wanted) for _ in range(3)) for name, wanted in asked.items()}
    note("large-first-page", {"groups": GROUPS, "first_page_ms": times})
    assert max(times.values()) < FIRST_PAGE_MS, times


def test_the_last_page_takes_no_more_memory_than_an_early_one(visitor: Visitor, large: str) -> None:
    page = visitor.page(f"/scans/{large}")
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
    each = round((time.perf_counter() - begun) * 1000 / PAGES)
    figures = {"groups": GROUPS, "early": early, "late": late, "page_ms_while_scrolling": each}
    note("large-scrolling", figures)
    assert page.locator(".group").count() <= 120
    assert len(answers) <= PAGES + 5 + 1, "each scroll to the end loads one page"
    assert late["heap_mib"] < early["heap_mib"] * 1.25 + 2, figures
    assert late["nodes"] < early["nodes"] * 1.25, figures
