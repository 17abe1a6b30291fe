"""Decisions in a real browser: listed, revised, shown again, carried from one file to another installation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from shared.context import Context
from shared.domain.review import Verdict
from shared.services import verdicts
from tests.browser.conftest import Visitor, keep
from tests.browser.test_looks import fits
from tests.gallery import SCAN, Gallery

pytestmark = pytest.mark.browser


@pytest.fixture
def decided(ctx: Context, shown: Gallery) -> None:
    pairs = [(shown.id(f"trip/{n:03}.jpg"), shown.id(f"small/{n:03}.jpg")) for n in range(3)]
    verdicts.decide(ctx, SCAN, pairs, Verdict.VARIANTS)


@pytest.mark.usefixtures("decided")
def test_a_decision_is_revised_and_taken_back(visitor: Visitor, ctx: Context) -> None:
    page = visitor.page("/verdicts")
    expect(page.locator(".verdict")).to_have_count(3)
    page.get_by_label("What 001.jpg and 001.jpg are").select_option("unrelated")
    expect(page.locator(".notice")).to_contain_text("unrelated")
    assert {d.names[0]: d.verdict for d in verdicts.listed(ctx)}["001.jpg"] == "unrelated"
    page.get_by_role("button", name="Show 002.jpg and 002.jpg again").click()
    expect(page.locator(".verdict")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".verdict")).to_have_count(3)


@pytest.mark.usefixtures("decided")
def test_what_is_exported_can_be_imported(visitor: Visitor, ctx: Context, tmp_path: Path) -> None:
    page = visitor.page("/verdicts")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    file = tmp_path / "verdicts.json"
    download.value.save_as(file)
    assert len(json.loads(file.read_text())["verdicts"]) == 3
    verdicts.forget(ctx, [(d.a, d.b) for d in verdicts.listed(ctx)])
    page.reload()
    expect(page.get_by_role("heading", name="Nothing is decided yet")).to_be_visible()
    page.locator("#import").set_input_files(file)
    expect(page.locator(".verdict")).to_have_count(3)
    page.locator("#import").set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": b"no"})
    expect(page.locator("#verdicts-error")).to_contain_text("no JSON")


@pytest.mark.usefixtures("decided")
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_decisions_fit_their_window(visitor: Visitor, size: str) -> None:
    page = visitor.page("/verdicts", size, "dark" if size == "phone" else "light")
    expect(page.locator(".verdict")).to_have_count(3)
    page.wait_for_load_state("networkidle")
    assert fits(page)
    keep(page, f"verdicts-{size}")
