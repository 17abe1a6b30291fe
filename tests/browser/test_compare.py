"""Two pictures against each other in a real browser: every way to look, every decision, by keyboard alone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image as Pillow
from PIL.Image import Transpose
from playwright.sync_api import Page, expect

from shared.context import Context
from shared.domain.model import Alignment, Facts
from shared.store import libraries as store
from shared.store import results
from tests.browser.conftest import Visitor, keep
from tests.browser.test_looks import fits
from tests.browser.test_review import exists, group, tile
from tests.gallery import SCAN, Gallery, lay, loosen, scan_result

pytestmark = pytest.mark.browser
COMPARE = f"/scans/{SCAN}/compare?group=2"
UPRIGHT, TURNED = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.0, 1.0, 0.0, -1.0, 0.0, 1.0)
CROP = (4 / 3, 0.0, -0.2, 0.0, 4 / 3, -0.15)  # of 640 × 480, three quarters of each side from (96, 72) on


def title(page: Page, words: str) -> None:
    expect(page.locator("#pair-title")).to_have_text(words)


def loaded(page: Page) -> None:
    """Both large pictures are there."""
    for side in ("left", "right"):
        expect(page.locator(f".pane.{side} img")).to_have_attribute("src", re.compile("/1280"))
    page.wait_for_load_state("networkidle")


def share(page: Page) -> int:
    """Pixels of the difference that are drawn in colour."""
    return int(
        page.evaluate(
            """() => { const canvas = document.getElementById('difference');
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let n = 0; for (let i = 0; i < data.length; i += 4) if (data[i] - data[i + 1] > 12) n += 1; return n; }"""
        )
    )


def test_from_overview_to_pair_and_back_by_single_keys(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}")
    expect(page.locator(".group")).to_have_count(20)
    for _ in range(3):
        page.keyboard.press("j")
    expect(page.locator(".group:focus")).to_have_attribute("data-group", "3")
    page.keyboard.press("Enter")
    title(page, "002.jpg and copy 2.jpg")
    page.keyboard.press("ArrowRight")
    title(page, "002.jpg and 002.jpg")
    page.keyboard.press("ArrowRight")
    title(page, "003.jpg and copy 3.jpg")
    page.keyboard.press("p")
    title(page, "002.jpg and 002.jpg")
    page.reload()  # the address names the pair
    title(page, "002.jpg and 002.jpg")
    page.keyboard.press("Escape")
    expect(page.locator(".group:focus")).to_have_attribute("data-group", "3")


def test_both_are_shown_at_one_zoom_in_every_way(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"{COMPARE}&image={shown.id('small/001.jpg')}")
    loaded(page)
    images = page.locator(".stage .pane img")
    boxes = [images.nth(n).bounding_box() for n in range(2)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert (boxes[0]["width"], boxes[0]["height"]) == (boxes[1]["width"], boxes[1]["height"])
    keep(page, "compare-side")
    page.keyboard.press("+")
    transforms = [images.nth(n).evaluate("(img) => getComputedStyle(img).transform") for n in range(2)]
    assert transforms[0] == transforms[1] == "matrix(1.5, 0, 0, 1.5, 0, 0)"
    page.keyboard.press("0")
    page.keyboard.press("f")
    expect(page.locator(".pane.left")).to_be_hidden()
    expect(page.locator("#flip-text")).to_have_text("Right is shown")
    page.keyboard.press("f")
    expect(page.locator(".pane.left")).to_be_visible()
    page.keyboard.press("l")
    page.get_by_label("Where the left picture ends").fill("25")
    clip = page.locator(".pane.left").evaluate("(pane) => getComputedStyle(pane).clipPath")
    assert clip == "inset(0px 75% 0px 0px)"
    keep(page, "compare-slider")
    page.keyboard.press("d")
    expect(page.locator("#difference")).to_be_visible()
    expect(page.locator("#difference-text")).to_contain_text("differ")
    keep(page, "compare-difference")


def test_it_says_why_two_match_and_what_follows(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"{COMPARE}&image={shown.id('small/001.jpg')}")
    why = page.locator("#why")
    expect(why).to_contain_text("The same picture at another size.")
    expect(why).to_contain_text("Proven: every part that both show agrees; one picture with a probability of 96%.")
    expect(why).to_contain_text("Right is at 50% of left's resolution")
    expect(why).to_contain_text("Left shows all of right, right shows all of left")
    expect(why).to_contain_text("120 points of both lie in the same places")
    expect(why).to_contain_text("2 of 64 bits differ: very close")
    expect(why).to_contain_text("Rules may propose to let the right one go")
    keep(page, "compare-why")
    page.keyboard.press("w")
    expect(page.locator("#why-kind")).to_be_hidden()
    page.reload()
    title(page, "001.jpg and 001.jpg")
    expect(page.locator("#why-kind")).to_be_hidden()
    page.keyboard.press("w")
    page.keyboard.press("p")
    page.goto(COMPARE)
    expect(why).to_contain_text("Both files are equal, byte for byte.")
    expect(page.locator("#why-signs div")).to_have_count(0)


def test_two_that_are_alike_with_a_third_only_are_said_to_be(
    visitor: Visitor, shown: Gallery, ctx: Context, workers: Callable[..., None]
) -> None:
    workers("files")
    page = visitor.page(f"/scans/{loosen(ctx, shown)}/compare?group=1")
    expect(page.locator("#why")).to_contain_text("Found by likeness alone (97%)")
    page.keyboard.press("2")  # the keeper goes, so that the two others meet
    title(page, "000.jpg and 001.jpg")
    expect(page.locator("#why")).to_contain_text("never found alike themselves")
    expect(page.locator("#why-proposed")).to_have_text("Neither is proposed to go because of the other.")


def test_equal_pictures_have_no_difference_and_others_have_one(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(COMPARE)
    loaded(page)
    page.keyboard.press("d")
    expect(page.locator("#difference-text")).to_have_text("No visible difference.")
    assert share(page) == 0
    page.keyboard.press("n")
    loaded(page)
    expect(page.locator("#difference-text")).to_contain_text("differs")
    assert share(page) > 0


@pytest.mark.parametrize(
    ("name", "made", "mirrored", "matrix", "words"),
    [
        ("cropped", lambda one: one.crop((96, 72, 576, 432)).resize((240, 180)), False, CROP, "Aligned."),
        ("turned", lambda one: one.transpose(Transpose.ROTATE_90), False, TURNED, "Aligned: turned by 90°."),
        ("mirrored", lambda one: one.transpose(Transpose.FLIP_LEFT_RIGHT), True, UPRIGHT, "Aligned: mirrored."),
        (
            "mirrored-turned-smaller",
            lambda one: one.transpose(Transpose.FLIP_LEFT_RIGHT).transpose(Transpose.ROTATE_90).resize((240, 320)),
            True, TURNED, "Aligned: turned by 90°, mirrored.",
        ),
    ],
)  # fmt: skip
def test_the_two_are_laid_on_one_another_before_their_difference_is_taken(
    visitor: Visitor,
    shown: Gallery,
    ctx: Context,
    name: str,
    made: Callable[[Pillow.Image], Pillow.Image],
    mirrored: bool,
    matrix: tuple[float, ...],
    words: str,
) -> None:
    with Pillow.open(os.path.join(shown.library.root, b"trip/000.jpg")) as original:
        scan = lay(ctx, shown, made(original), Alignment(90, 1.0, 1.0, 1.0, mirrored, matrix))
    page = visitor.page(f"/scans/{scan}/compare?group=1")
    loaded(page)
    page.keyboard.press("d")
    rest = r"; 4\d% of the left picture is not in the right one" if matrix == CROP else ""
    little = r"(No visible difference in the common part|(Under 1|[1-4])% of the common part differs, shown in colour)"
    expect(page.locator("#difference-text")).to_have_text(re.compile(f"^{re.escape(words)} {little}{rest}\\.$"))
    keep(page, f"compare-{name}")


def test_what_is_better_is_marked_in_words(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"{COMPARE}&image={shown.id('small/001.jpg')}")
    row = page.get_by_role("row", name="Dimensions")
    expect(row).to_have_accessible_name("Dimensions 640 × 480 (better) 320 × 240")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_what_the_files_say_of_date_and_camera_stands_beside_what_they_do_not_say(
    visitor: Visitor, shown: Gallery, size: str
) -> None:
    page = visitor.page(f"{COMPARE}&image={shown.id('small/001.jpg')}", size)
    for row in (
        "JPEG quality about 92 (better) about 80",
        "Metadata 38 entries (better) none",
        "Taken 1 May 2024, 12:34 not known",
        "Camera NIKON D90 not known",
    ):
        expect(page.get_by_role("row", name=row, exact=True)).to_be_visible()
    page.locator("#facts").scroll_into_view_if_needed()
    keep(page, f"compare-facts-{size}")


def test_what_neither_file_says_is_left_out(visitor: Visitor, ctx: Context, shown: Gallery) -> None:
    silent = {name: replace(image, facts=Facts()) for name, image in shown.images.items()}
    results.write(ctx.layout.result(SCAN), scan_result(replace(shown, images=silent), 24))
    page = visitor.page(COMPARE)
    expect(page.get_by_role("row", name="Changed")).to_be_visible()
    expect(page.get_by_role("row", name="Metadata none none", exact=True)).to_be_visible()
    for name in ("JPEG quality", "Taken", "Camera"):
        expect(page.get_by_role("row", name=name)).to_have_count(0)


def test_keeping_one_moves_the_other_and_goes_on_and_undo_comes_back(
    visitor: Visitor, shown: Gallery, workers: Callable[..., None]
) -> None:
    workers("files")
    page = visitor.page(COMPARE)
    title(page, "001.jpg and copy 1.jpg")
    page.keyboard.press("1")
    title(page, "001.jpg and 001.jpg")
    assert not exists(shown, "copies/copy 1.jpg")
    page.keyboard.press("2")  # keep the small one: what was kept so far goes
    title(page, "002.jpg and copy 2.jpg")
    assert not exists(shown, "trip/001.jpg")
    assert exists(shown, "small/001.jpg")
    page.keyboard.press("u")
    title(page, "001.jpg and 001.jpg")
    assert exists(shown, "trip/001.jpg")
    page.keyboard.press("u")
    title(page, "001.jpg and copy 1.jpg")
    assert exists(shown, "copies/copy 1.jpg")
    expect(page.locator("#undo")).to_be_disabled()


def test_a_pair_that_is_kept_does_not_come_back_until_undone(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(COMPARE)
    title(page, "001.jpg and copy 1.jpg")
    page.keyboard.press("3")
    title(page, "001.jpg and 001.jpg")
    page.keyboard.press("x")
    title(page, "002.jpg and copy 2.jpg")
    overview = visitor.page(f"/scans/{SCAN}")
    expect(overview.locator("#found")).to_have_text("23 groups")
    expect(group(overview, 2)).to_have_count(0)
    overview.get_by_label("Shown", exact=True).select_option("decided")
    expect(overview.locator(".group")).to_have_count(1)
    page.keyboard.press("u")
    title(page, "001.jpg and 001.jpg")
    overview.get_by_label("Shown", exact=True).select_option("open")
    expect(tile(overview, shown, "small/001.jpg")).to_have_count(1)
    expect(tile(overview, shown, "copies/copy 1.jpg")).to_have_count(0)


def test_a_refusal_is_said_and_the_pair_stays(visitor: Visitor, shown: Gallery, workers: Callable[..., None]) -> None:
    workers("files")
    with open(f"{shown.library.root.decode()}/copies/copy 1.jpg", "ab") as file:
        file.write(b"edited since")
    page = visitor.page(COMPARE)
    title(page, "001.jpg and copy 1.jpg")
    page.keyboard.press("1")
    expect(page.locator("#compare-error")).to_contain_text("copy 1.jpg was left as it was")
    title(page, "001.jpg and copy 1.jpg")
    assert exists(shown, "copies/copy 1.jpg")


def test_keys_are_shown_and_can_be_switched_off(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(COMPARE)
    title(page, "001.jpg and copy 1.jpg")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Keep both")
    keep(page, "keys")
    page.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    title(page, "001.jpg and copy 1.jpg")
    page.locator("#next").click()
    title(page, "001.jpg and 001.jpg")


def test_the_last_pair_is_followed_by_an_end_that_says_so(visitor: Visitor, shown: Gallery) -> None:
    page = visitor.page(f"/scans/{SCAN}/compare?group=24&image={shown.id('small/023.jpg')}&sort=similarity")
    title(page, "023.jpg and 023.jpg")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="That was all")).to_be_visible()
    page.keyboard.press("p")
    title(page, "023.jpg and 023.jpg")


def test_nothing_is_decided_where_nothing_can_be_deleted(visitor: Visitor, shown: Gallery, ctx: Context) -> None:
    store.put_writable(ctx.redis, shown.library.id, "The folder is mounted read-only.")
    page = visitor.page(COMPARE)
    title(page, "001.jpg and copy 1.jpg")
    expect(page.locator("#keep-left")).to_be_disabled()
    expect(page.locator("#keep-both")).to_be_enabled()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_comparison_fits_its_window(visitor: Visitor, shown: Gallery, size: str, theme: str) -> None:
    page = visitor.page(f"{COMPARE}&image={shown.id('small/001.jpg')}", size, theme)
    loaded(page)
    assert fits(page)
    keep(page, f"compare-{size}-{theme}")
