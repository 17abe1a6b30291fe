"""A real Chromium on a real server; each page fails its test on a script error, a blocked or a foreign request."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import waitress
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, Request, expect, sync_playwright

from shared.context import Context
from tests import gallery
from tests.gallery import Gallery
from tests.integration.conftest import Worker
from web.app import create_app

ARTIFACTS = Path(__file__).parents[2] / "test-artifacts"
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]

expect.set_options(timeout=15_000)  # a busy machine takes its time


class Chromium:
    """The browser of all tests: started anew where it or its driver died, so that one crash fails one test at most."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.start()

    def start(self) -> None:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=self._path, args=CHROMIUM_ARGUMENTS)

    def stop(self) -> None:
        with contextlib.suppress(Error):  # of a driver that died
            self._browser.close()
        self._playwright.stop()

    def context(self, **wanted: Any) -> BrowserContext:
        try:
            return self._browser.new_context(**wanted)
        except Error:
            self.stop()
            self.start()
            return self._browser.new_context(**wanted)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    path = os.environ.get("LOOKALIKE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("No Chromium was found. `make test` installs it; or set LOOKALIKE_CHROMIUM to one.")
    started = Chromium(path)
    yield started
    started.stop()


@pytest.fixture
def server(ctx: Context) -> Iterator[str]:
    """The address of the application, served by waitress as in production, on a port of its own."""
    served = waitress.create_server(create_app(ctx), host="127.0.0.1", port=0, threads=4, ident=None)
    thread = threading.Thread(target=served.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{served.effective_port}"
    served.task_dispatcher.shutdown()
    # in its own thread: a socket closed elsewhere fails the loop that waits for it
    served.trigger.pull_trigger(lambda: [one.handle_close() for one in list(served._map.values())])
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def shown(ctx: Context, tmp_path: Path) -> Gallery:
    return gallery.make(ctx, tmp_path / "pictures", groups=24)


@pytest.fixture
def running(ctx: Context, shown: Gallery) -> str:
    """The id of a scan that is reading its pictures."""
    return gallery.run_on(ctx, shown)


@pytest.fixture
def workers(redis_url: str, ctx: Context, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Start real workers: ``workers("files", "compare")``."""
    started: list[Worker] = []

    def start(*pools: str, **others: str) -> None:
        environment = {"LOOKALIKE_DATA": str(ctx.settings.data), "LOOKALIKE_DECODERS": "1"} | others
        started.extend(Worker(pool, pool, redis_url, tmp_path, environment) for pool in pools)
        for worker in started:
            worker.await_log("ready")

    yield start
    for worker in started:
        worker.stop()


class Visitor:
    """Opens pages and remembers what went wrong in them."""

    def __init__(self, chromium: Chromium, server: str) -> None:
        self._chromium, self._server = chromium, server
        self._open: list[Page] = []
        self.complaints: list[str] = []

    def page(self, path: str = "/", size: str = "desktop", theme: str = "light") -> Page:
        width, height = SIZES[size]
        context = self._chromium.context(
            base_url=self._server,
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            has_touch=size == "phone",
            locale="en-GB",
        )
        page = context.new_page()
        self._open.append(page)
        page.set_default_timeout(15_000)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("request", self._request)
        page.goto(path)
        return page

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium reports every 4xx as an error; those that a page shows to the person are meant
        meant = ("the server responded with a status of 4", "ERR_NETWORK_CHANGED")  # and the machine's own affairs
        if message.type == "error" and not any(words in message.text for words in meant):
            self.complaints.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob", "file") and f"{address.scheme}://{address.netloc}" != self._server:
            self.complaints.append(f"foreign request: {request.url}")

    def close(self) -> None:
        for page in self._open:
            page.context.close()


@pytest.fixture
def visitor(chromium: Chromium, server: str) -> Iterator[Visitor]:
    made = Visitor(chromium, server)
    yield made
    made.close()
    assert made.complaints == []


def keep(page: Page, name: str) -> None:
    """Keep a screenshot as a test artefact."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=False)
