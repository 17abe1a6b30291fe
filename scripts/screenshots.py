"""The pictures of README's walk through, taken of a real run: ``make screenshots`` runs it.

It starts ``lookalike up`` with a data folder of its own on the demo library, clicks through a review in Chromium as a
person would, and writes docs/images/*.png. Nothing is left behind but these.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from workers import demo

IMAGES = Path(__file__).parents[1] / "docs" / "images"
LIBRARY = Path(tempfile.gettempdir()) / "lookalike-demo"
"""Its name is seen in the pictures."""
MOST_BYTES = 250_000
COLOURS = 256
DESKTOP = (1210, 780)
START_S = 120.0
SCAN_MS = 300_000
_IN_SIGHT = """() => [...document.querySelectorAll(".tile-picture")].every((picture) =>
    picture.getBoundingClientRect().top > innerHeight || !picture.classList.contains("loading"))"""


def main() -> int:
    if LIBRARY.exists():
        print(f"{LIBRARY} is there already. Remove it, so that the demo library can be made anew.", file=sys.stderr)  # noqa: T201
        return 1
    demo.make(LIBRARY)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="lookalike-") as data,
            _running(Path(data)) as address,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
            _walk(browser, address)
            browser.close()
    finally:
        shutil.rmtree(LIBRARY)
    return 0


def _chromium() -> str | None:
    named = (os.environ.get("LOOKALIKE_CHROMIUM"), *map(shutil.which, ("chromium", "google-chrome")))
    return next((path for path in named if path), None)


@contextmanager
def _running(data: Path) -> Iterator[str]:
    """All of Lookalike on the demo library; its address."""
    port, flower = _free_port(), _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOOKALIKE_")}
    environment |= {"LOOKALIKE_DATA": str(data), "LOOKALIKE_FLOWER_PORT": str(flower)}
    command = [sys.executable, "-m", "cli.main", "up", "--port", str(port), str(LIBRARY)]
    stack = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/readyz")
        yield address
    finally:
        stack.send_signal(signal.SIGINT)
        stack.wait(30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _await(address: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urlopen(address, timeout=5):  # noqa: S310 - our own
                return
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _walk(browser: Browser, address: str) -> None:
    width, height = DESKTOP
    page = browser.new_page(viewport={"width": width, "height": height}, locale="en-GB", timezone_id="UTC",
                            reduced_motion="reduce")  # fmt: skip
    page.goto(address)
    page.get_by_role("button", name="Choose a folder…").click()
    page.get_by_role("button", name="Choose this folder").click()
    expect(page.locator("#picker")).to_be_hidden()
    _keep(page, "start")
    page.get_by_role("button", name="Start the scan").click()
    page.get_by_role("button", name="Not now").click()
    expect(page.locator("#groups .tile").first).to_be_visible(timeout=SCAN_MS)
    found = page.url
    page.get_by_label("Sorted by").select_option("similarity")
    _settle(page)
    page.goto(found)
    _settle(page)
    _keep(page, "review")
    _compare(page, "Coffee")
    _rules(page, found)
    _trash(page, address)


def _settle(page: Page) -> None:
    """Until every picture in sight is there."""
    expect(page.locator("#groups[aria-busy]")).to_have_count(0)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function(_IN_SIGHT, timeout=SCAN_MS)
    page.wait_for_load_state("networkidle")


def _compare(page: Page, name: str) -> None:
    """A picture and its edit, as their difference."""
    edited = page.locator(".group", has_text=f"{name}, edited").first
    edited.get_by_role("link", name="Compare").click()
    while "edited" not in page.locator("#pair-title").inner_text():
        before = page.locator("#pair-title").inner_text()
        page.keyboard.press("ArrowRight")
        expect(page.locator("#pair-title")).not_to_have_text(before)
    page.keyboard.press("d")
    expect(page.locator("#difference-text")).to_contain_text("differ", timeout=SCAN_MS)
    page.wait_for_load_state("networkidle")
    _keep(page, "compare")


def _rules(page: Page, found: str) -> None:
    page.goto(found)
    page.get_by_role("link", name="Decide by rules").click()
    expect(page.locator("#outcome")).not_to_have_attribute("aria-busy", "true", timeout=SCAN_MS)
    page.wait_for_load_state("networkidle")
    _keep(page, "rules")
    page.goto(found)


def _trash(page: Page, address: str) -> None:
    _settle(page)
    page.get_by_role("button", name="Select all but the keeper", exact=True).first.click()
    page.locator("#delete").click()
    expect(page.locator(".tile.trashed").first).to_be_visible(timeout=SCAN_MS)
    page.goto(f"{address}/trash")
    expect(page.locator(".entry").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    _keep(page, "trash")


def _keep(page: Page, name: str) -> None:
    """A PNG of few colours, small enough for a repository."""
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        small = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.FLOYDSTEINBERG)
    path = IMAGES / f"{name}.png"
    small.save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        raise RuntimeError(f"{path.name} has {path.stat().st_size:,} bytes; show less of it.")
    print(f"{path.name}: {path.stat().st_size:,} bytes")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
