"""WCAG 2.2 AA on every page and state, by axe-core: light at desktop width, dark at phone width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import Visitor
from tests.gallery import RUNNING, SCAN, SEARCH

pytestmark = pytest.mark.browser

State = Callable[[Page], None]


def _selected(page: Page) -> None:
    page.get_by_role("button", name="Select all but the keeper", exact=True).first.click()
    expect(page.locator("#action-bar")).to_be_visible()


def _others(page: Page) -> None:
    page.get_by_text("Other actions").click()


def _click(name: str) -> State:
    return lambda page: page.get_by_role("button", name=name).first.click()


def _press(key: str) -> State:
    return lambda page: page.keyboard.press(key)


def _unreadable(page: Page) -> None:
    page.get_by_text("could not be read").click()
    expect(page.locator(".unreadable-list li")).to_have_count(1)


def _target(page: Page) -> None:
    page.get_by_label("Move to a folder").check()
    page.get_by_role("button", name="Choose a folder…").click()


def _prefer(page: Page) -> None:
    page.get_by_label("Add a rule").select_option("folders")
    page.get_by_label("Prefer a folder").select_option(label="pictures/small")
    expect(page.get_by_role("button", name="Remove pictures/small")).to_be_visible()
    expect(page.locator("#apply")).to_be_enabled()


def _asked(page: Page) -> None:
    page.get_by_role("button", name="Choose a folder…").click()
    page.locator(".picker-row").first.click()
    page.get_by_role("button", name="Choose this folder").click()
    page.get_by_role("button", name="Start the scan").click()
    expect(page.locator("#ask-weights")).to_be_visible()


STATES: dict[str, tuple[str, str, tuple[State, ...]]] = {
    "start": ("/", "#start", ()),
    "start, choosing a folder": ("/", "#start", (_click("Choose a folder"),)),
    "start, refused": ("/", "#start", (_click("Start the scan"),)),
    "find": ("/find", "#drop", ()),
    "start, asked for the weights": ("/", "#start", (_asked,)),
    "scans": ("/scans", ".scan-item", ()),
    "scans, deleting one": ("/scans", ".scan-item", (_click("Delete"),)),
    "a scan, running": (f"/scans/{RUNNING}", "#progress", ()),
    "a scan, paused": (f"/scans/{RUNNING}", "#progress", (_click("Pause"),)),
    "a scan, cancelled": (
        f"/scans/{RUNNING}",
        "#progress",
        (_click("Cancel"), lambda page: expect(page.locator("#ended")).to_be_visible()),
    ),
    "groups": (f"/scans/{SCAN}", ".group .tile img", ()),
    "groups, selected": (f"/scans/{SCAN}", ".group .tile img", (_selected,)),
    "groups, other actions": (f"/scans/{SCAN}", ".group .tile img", (_selected, _others)),
    "groups, another kept": (f"/scans/{SCAN}", ".group .tile img", (_click("Keep this one"),)),
    "groups, unreadable": (f"/scans/{SCAN}", ".group .tile img", (_unreadable,)),
    "groups, exporting": (f"/scans/{SCAN}", ".group .tile img", (_click("Export…"),)),
    "groups, keys": (f"/scans/{SCAN}", ".group .tile img", (_press("?"),)),
    "groups, none as filtered": (f"/scans/{SCAN}?kind=same-pixels", "#none-left", ()),
    "groups, enlarged": (f"/scans/{SCAN}", ".group .tile img", (_click("Enlarge"),)),
    "compare": (f"/scans/{SCAN}/compare?group=2", "#pair", ()),
    "compare, difference": (f"/scans/{SCAN}/compare?group=2", "#pair", (_press("d"),)),
    "compare, slider": (f"/scans/{SCAN}/compare?group=2", "#pair", (_press("l"),)),
    "compare, flipped": (f"/scans/{SCAN}/compare?group=2", "#pair", (_press("f"),)),
    "compare, keys": (f"/scans/{SCAN}/compare?group=2", "#pair", (_press("?"),)),
    "plan": (f"/scans/{SCAN}/plan", ".group .tile img", ()),
    "plan, a folder to choose": (f"/scans/{SCAN}/plan", ".group .tile img", (_target,)),
    "plan, folders preferred": (f"/scans/{SCAN}/plan", ".group .tile img", (_prefer,)),
    "plan, what is left": (f"/scans/{SCAN}/plan", ".group .tile img", (_click("Left for you"),)),
    "folder pairs": (f"/scans/{SCAN}/folders", ".pair", ()),
    "decisions, none": ("/verdicts", "#empty", ()),
    "compare, a decision": (f"/scans/{SCAN}/compare?group=2", "#pair", (_press("3"),)),
    "decisions": ("/verdicts", ".verdict", ()),
    "matches": (f"/scans/{SEARCH}", "#matches .tile img", ()),
    "trash": ("/trash", "#empty", ()),
    "access": ("/access", "#no-tokens", ()),
    "access, a token": ("/access", "#no-tokens", (_click("Make a token"),)),
    "not found": ("/scans/none", ".empty", ()),
}


@pytest.mark.parametrize(("size", "theme"), [("desktop", "light"), ("phone", "dark")])
def test_no_page_fails_wcag_in_any_state(visitor: Visitor, running: str, size: str, theme: str) -> None:
    found = {}
    for name, (path, ready, states) in STATES.items():
        page = visitor.page(path, size, theme)
        page.emulate_media(reduced_motion="reduce")  # no colour half-way between two
        expect(page.locator(ready).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        for state in states:
            state(page)
        found[name] = violations(page)
        page.context.close()
    assert {name: some for name, some in found.items() if some} == {}
