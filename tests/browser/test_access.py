"""Sign in, make a token, revoke it, sign out, in a real browser; and a read-only page offers no change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from shared.context import Context
from shared.services import access
from shared.settings import Settings
from tests.browser.conftest import SIZES, Visitor, keep
from tests.gallery import SCAN, SEARCH, Gallery

pytestmark = pytest.mark.browser


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """With what a test asks for by ``@pytest.mark.parametrize("settings", [{…}], indirect=True)``."""
    return replace(settings, **getattr(request, "param", {}))


@pytest.mark.parametrize("settings", [{"password": "open sesame"}], indirect=True)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_sign_in_make_a_token_revoke_it_sign_out(
    visitor: Visitor, ctx: Context, shown: Gallery, size: str, theme: str
) -> None:
    page = visitor.page("/access", size, theme)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This is not the password.")
    keep(page, f"sign-in-{size}-{theme}")
    page.get_by_label("Password").fill("open sesame")
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/access")
    page.get_by_label("What it is for").fill("Nightly report")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("#fresh")).to_be_visible()
    token = access.token(ctx, page.get_by_label("The new token").input_value())
    assert token is not None
    assert token.scope == "read"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    keep(page, f"access-{size}-{theme}")
    page.get_by_role("button", name="Revoke Nightly report").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.locator("#no-tokens")).to_be_visible()
    assert access.tokens(ctx) == []

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    page.goto("/trash")
    page.wait_for_url("**/login?next=/trash")


@pytest.mark.parametrize("settings", [{"password": "open sesame"}], indirect=True)
def test_a_session_that_ended_leads_to_sign_in_and_back(visitor: Visitor, ctx: Context) -> None:
    page = visitor.page("/")
    page.get_by_label("Password").fill("open sesame")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#start")).to_be_visible()
    page.wait_for_load_state("networkidle")  # or what the page still asks for leads away before the click does
    ctx.redis.flushall()
    page.get_by_role("button", name="Choose a folder…").click()
    page.wait_for_url("**/login?next=%2F")


@pytest.mark.parametrize("settings", [{"read_only": True}], indirect=True)
def test_read_only_offers_no_change(visitor: Visitor, shown: Gallery) -> None:
    changes = ["Start the scan", "Choose a folder", "Move to the trash", "Select all but", "Bring", "Delete", "Empty",
               "Make a token", "Undo", "Scan again", "Pause"]  # fmt: skip
    for path, ready in (
        ("/", ".scan-row"), ("/scans", ".scan-item"),
        (f"/scans/{SCAN}", ".group .tile img"), (f"/scans/{SEARCH}", "#matches .tile img"),
        ("/trash", "#empty"), ("/access", "#no-tokens"), ("/find", ".note"),
    ):  # fmt: skip
        page = visitor.page(path)
        expect(page.locator(ready).first).to_be_visible()
        for words in changes:
            expect(page.get_by_role("button", name=words)).to_have_count(0)
        expect(page.get_by_role("checkbox")).to_have_count(0)
        expect(page.get_by_role("link", name="Find an image")).to_have_count(0)
    keep(page, "read-only")
