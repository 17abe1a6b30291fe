"""A browser that dies takes no later test with it."""

from __future__ import annotations

import signal

import psutil
import pytest

from tests.browser.conftest import Chromium

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("victim", ["node", "chrom"], ids=["driver", "browser"])
def test_a_browser_that_died_is_started_anew(chromium: Chromium, victim: str) -> None:
    chromium.context().close()
    for child in psutil.Process().children(recursive=True):
        if victim in child.name():
            child.send_signal(signal.SIGKILL)
    page = chromium.context().new_page()
    page.goto("data:text/html,<title>anew</title>")
    assert page.title() == "anew"
    page.context.close()
