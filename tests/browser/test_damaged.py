"""A half-downloaded picture as people see it, with real workers: what is left of it, beside its whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from shared.context import Context
from shared.domain.scan import Folder, ScanRequest, State
from shared.services import libraries, scans
from shared.settings import Settings
from tests.browser.conftest import Visitor, keep
from tests.integration.conftest import await_end
from tests.integration.test_damaged import torn
from tests.integration.test_thorough import scene

pytestmark = pytest.mark.browser


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data").mkdir()
    return Settings(data=tmp_path / "data", decoders=1)


@pytest.fixture
def scan(ctx: Context, tmp_path: Path, workers: Callable[..., None]) -> str:
    root = tmp_path / "downloads"
    root.mkdir()
    scene("coffee").save(root / "coffee.jpg", quality=92)
    torn(root / "coffee.jpg", "coffee (1).jpg", 0.6)
    workers("extract", "compare", "files")
    scan_id = scans.request(ctx, ScanRequest((Folder(libraries.add(ctx, root).id),)))
    assert await_end(ctx, scan_id).state is State.DONE
    return scan_id


@pytest.mark.parametrize(("size", "theme"), [("desktop", "light"), ("phone", "dark")])
def test_what_is_left_is_shown_with_its_kind_and_the_reason(visitor: Visitor, scan: str, size: str, theme: str) -> None:
    page = visitor.page(f"/scans/{scan}", size, theme)
    group = page.locator(".group")
    expect(group).to_have_count(1)  # where there were placeholders
    expect(group).to_contain_text("Damaged")
    expect(group.locator(".tile img")).to_have_count(2)
    expect(group.locator(".loading")).to_have_count(0)
    expect(group.locator(".tile-missing:visible")).to_have_count(0)
    page.get_by_text("1 file could not be read in full").click()
    expect(page.locator(".unreadable-list")).to_contain_text("coffee (1).jpg The JPEG image is cut short")
    page.wait_for_load_state("networkidle")
    keep(page, f"damaged-{size}-{theme}")
    page.goto(group.get_by_role("link", name="Compare").first.get_attribute("href") or "")
    expect(page.locator("#facts")).to_contain_text("× 255, damaged")
    expect(page.locator("#why-kind")).to_contain_text("Right is damaged: its file ends too early.")
    page.wait_for_load_state("networkidle")
    keep(page, f"damaged-compare-{size}-{theme}")
    page.evaluate(
        """async () => { const why = await import("/static/js/why.js");
        const signals = { kind: "damaged", tier: "proven", confidence: 0.99, alignment: null, distance: null,
          ssim: null, cosine: null, proposable: true };
        why.show({ damaged: true }, { damaged: false }, signals); }"""
    )
    expect(page.locator("#why-proposed")).to_have_text("Rules let nothing go because of a damaged picture.")
