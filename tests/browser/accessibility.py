"""axe-core (Deque Systems) on a page that is open: what of WCAG 2.2, levels A and AA, it fails."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}

# what the browser does not lay out until it is scrolled to is measured wrong: axe takes one button to cover another
_ON_SCREEN = "document.querySelectorAll('.group').forEach((group) => { group.style.contentVisibility = 'visible'; })"


def violations(page: Page) -> list[str]:
    """One line a violated rule and element: the rule, the element, and what to mend. Empty where all is well."""
    page.evaluate(_ON_SCREEN)
    found = Axe().run(page, options=_RULES | {"resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]
