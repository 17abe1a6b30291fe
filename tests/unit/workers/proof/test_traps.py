"""Ordinary traps: what looks like a copy and is none, and copies that are easily missed, each with the wanted outcome.

Invariant: nothing here that is not one picture is ever proven, so that it is never proposed for deletion.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps
from skimage import data

from shared.domain.model import SAME_PICTURE, Kind, Tier
from tests.unit.workers.proof.pictures import jpeg, noise, png, scene, verdict
from workers.proof.verdict import WHOLE as WHOLE_SHOWN

NOT_ONE = (Kind.BURST, Kind.LOOK_ALIKE)
FONT = ImageFont.load_default(15)


def _is_not_one(one: bytes, other: bytes) -> None:
    found = verdict(one, other)
    assert found is None or found.kind in NOT_ONE, found


def _is_one(one: bytes, other: bytes) -> None:
    found = verdict(one, other)
    assert found is not None
    assert found.kind in SAME_PICTURE, found


def page(seed: int) -> Image.Image:
    """A letter: one letterhead, its own words."""
    random = np.random.default_rng(seed)
    sheet = Image.new("RGB", (620, 877), (252, 252, 250))
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((50, 45, 120, 95), (20, 70, 120))
    draw.text((140, 52), "Municipal Office", (20, 20, 20), ImageFont.load_default(28))
    for line in range(30):
        words = " ".join("".join(random.choice(list("aeinrstlmo"), random.integers(3, 9))) for _ in range(9))
        draw.text((50, 140 + 22 * line), words, (30, 30, 30), FONT)
    return sheet


def screen(shown: Image.Image) -> Image.Image:
    """A screenshot of one application."""
    canvas = Image.new("RGB", (540, 960), (250, 250, 250))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 0, 540, 90), (33, 90, 160))
    draw.text((20, 32), "Photos", "white", ImageFont.load_default(30))
    shown = ImageOps.contain(shown, (540, 560))
    canvas.paste(shown, ((540 - shown.width) // 2, 110))
    for n, label in enumerate(("Like", "Comment", "Share")):
        draw.rounded_rectangle((20 + n * 172, 700, 180 + n * 172, 760), 12, (225, 228, 235))
        draw.text((60 + n * 172, 718), label, (40, 40, 40), ImageFont.load_default(22))
    return canvas


def meme(words: str) -> Image.Image:
    image = scene("chelsea").copy()
    font = ImageFont.load_default(image.width / 8)
    for y, line in zip((0.12, 0.88), words.split("/"), strict=True):
        at = (image.width / 2, image.height * y)
        ImageDraw.Draw(image).text(at, line, "white", font, "mm", stroke_width=3, stroke_fill="black")
    return image


def product(name: str) -> Image.Image:
    ground = Image.new("RGB", (600, 600), "white")
    mask = Image.new("L", (240, 240), 0)
    ImageDraw.Draw(mask).ellipse((2, 2, 238, 238), 255)
    ground.paste(scene(name).resize((240, 240)), (180, 180), mask)
    return ground


def gradient(turned: bool) -> Image.Image:
    ramp = np.tile(np.linspace(30, 220, 400).astype(np.uint8), (300, 1))
    return Image.fromarray(np.stack([ramp[:, ::-1] if turned else ramp] * 3, -1))


def logo(mark: str) -> Image.Image:
    image = Image.new("RGB", (300, 300), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 20, 280, 280), outline=(200, 30, 40), width=18)
    draw.text((150, 150), mark, (200, 30, 40), ImageFont.load_default(110), "mm")
    return image


def later(seed: int) -> Image.Image:
    """A frame of a timelapse: the light has changed, something stands elsewhere, the grain is another."""
    image = ImageEnhance.Brightness(scene("rocket")).enhance(1 + 0.04 * seed)
    thing = scene("coffee").crop((200, 150, 330, 280)).resize((110, 110))
    image = image.copy()
    image.paste(thing, (60 + 150 * seed, 240))
    return noise(image, 3, seed)


NONE_IS_ANOTHER = {
    "documents with one letterhead": (page(1), page(2)),
    "screenshots of one application": (screen(scene("coffee")), screen(scene("astronaut"))),
    "memes with one template": (meme("ONE DOES NOT/SIMPLY WALK"), meme("WHEN IT IS/STILL MONDAY")),
    "products on white": (product("coffee"), product("astronaut")),
    "logos in one style": (logo("A"), logo("W")),
    "gradients that run apart": (gradient(False), gradient(True)),
    "flat colours": (Image.new("RGB", (200, 150), (200, 40, 40)), Image.new("RGB", (200, 150), (40, 60, 200))),
    "nearly black": (
        noise(Image.new("RGB", (320, 240), (6, 6, 6)), 3, 1),
        noise(scene("rocket").point(lambda v: v * 0.03), 3),
    ),
    "a stereo pair": (Image.fromarray(data.stereo_motorcycle()[0]), Image.fromarray(data.stereo_motorcycle()[1])),
    "unlike scenes": (scene("coffee"), scene("chelsea")),
    "textures": (Image.fromarray(data.brick()).convert("RGB"), Image.fromarray(data.gravel()).convert("RGB")),
}


@pytest.mark.parametrize("trap", NONE_IS_ANOTHER)
def test_what_only_looks_alike_is_not_one_picture(trap: str) -> None:
    one, other = NONE_IS_ANOTHER[trap]
    _is_not_one(jpeg(one), jpeg(other))


@pytest.mark.parametrize("colour", ["white", "black", (255, 0, 0)])
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (16, 16)])
def test_tiny_pictures_are_read_and_never_proven_unlike_themselves(size: tuple[int, int], colour: str) -> None:
    found = verdict(png(Image.new("RGB", size, colour)), png(Image.new("RGB", size, "blue")))
    assert found is None or found.tier is not Tier.PROVEN


def test_frames_of_a_timelapse_are_never_proven() -> None:
    found = verdict(jpeg(later(0)), jpeg(later(2)))
    assert found is None or found.tier is Tier.LIKELY


def test_scanned_pages_are_one_page() -> None:
    scanned = page(1).filter(ImageFilter.GaussianBlur(0.6)).rotate(0.7, Image.Resampling.BICUBIC, fillcolor="white")
    _is_one(jpeg(page(1)), jpeg(noise(scanned, 5), 70))


def test_line_art_and_transparent_pictures_are_found_when_they_are_saved_again() -> None:
    art = Image.fromarray(data.horse()).convert("L").convert("RGB")
    _is_one(png(art), jpeg(art.resize((art.width // 2, art.height // 2))))
    clear = logo("A").convert("RGBA")
    clear.putalpha(clear.convert("L").point(lambda level: 0 if level == 255 else 255))
    _is_one(png(clear), png(clear.resize((450, 450))))


def test_turned_pixels_with_a_tag_that_turns_them_back_are_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = scene("coffee").transpose(Image.Transpose.ROTATE_90)
    found = verdict(jpeg(scene("coffee")), jpeg(stored, exif=exif))
    assert found is not None
    assert found.kind is Kind.RE_ENCODED


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_a_screenshot_is_found_with_its_picture_and_never_proven(name: str) -> None:
    found = verdict(jpeg(scene(name)), jpeg(screen(scene(name))))
    assert found is not None
    assert found.kind in (Kind.CONTAINED, Kind.CROPPED, Kind.FRAMED)
    assert found.tier is Tier.LIKELY


def test_a_collage_is_never_proven_to_be_its_parts() -> None:
    sheet = Image.new("RGB", (840, 420), "white")
    for place, name in enumerate(("astronaut", "coffee")):
        sheet.paste(ImageOps.fit(scene(name), (416, 416)), (2 + 420 * place, 2))
    for name in ("astronaut", "coffee"):
        found = verdict(jpeg(scene(name)), jpeg(sheet))
        assert found is not None
        assert found.kind in (Kind.CONTAINED, Kind.CROPPED)
        assert found.tier is Tier.LIKELY


def test_no_two_letters_of_one_office_are_one_picture() -> None:
    letters = [png(page(seed)) for seed in range(7)]
    for one, other in itertools.combinations(letters, 2):
        _is_not_one(one, other)


WHOLE = ["astronaut", "chelsea", "coffee", "rocket"]


def _half(file: bytes) -> bytes:
    return file[: len(file) // 2]


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("saved", [jpeg, png, lambda image: jpeg(image, progressive=True)])
def test_half_a_file_is_proven_to_be_what_is_left_of_its_picture(name: str, saved: Callable[..., bytes]) -> None:
    found = verdict(saved(scene(name)), _half(saved(scene(name))))
    assert found is not None
    assert (found.kind, found.tier) == (Kind.DAMAGED, Tier.PROVEN)
    assert found.shown_b > WHOLE_SHOWN


def test_a_torn_file_may_end_where_the_picture_changes() -> None:
    ground = scene("chelsea").copy()
    ground.paste(scene("coffee").resize((ground.width, 300)), (0, ground.height // 2 // 16 * 16))
    whole = png(ground)
    for share in (0.44, 0.46, 0.48, 0.5):
        found = verdict(whole, whole[: int(len(whole) * share)])
        assert found is not None
        assert (found.kind, found.tier) == (Kind.DAMAGED, Tier.PROVEN)


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_left_of_two_files_of_one_picture_is_damaged_too(name: str) -> None:
    whole = jpeg(scene(name))
    found = verdict(whole[: len(whole) * 7 // 10], _half(whole))
    assert found is not None
    assert found.kind is Kind.DAMAGED


def test_what_is_left_of_another_picture_is_no_match() -> None:
    for one, other in itertools.permutations(WHOLE, 2):
        _is_not_one(jpeg(scene(one)), _half(jpeg(scene(other))))


def test_half_a_file_of_a_picture_in_a_collage_or_on_a_screen_is_never_proven() -> None:
    sheet = Image.new("RGB", (840, 420), "white")
    for place, name in enumerate(("astronaut", "coffee")):
        sheet.paste(ImageOps.fit(scene(name), (416, 416)), (2 + 420 * place, 2))
    for name in ("astronaut", "coffee"):
        for whole, torn in ((jpeg(sheet), jpeg(scene(name))), (jpeg(screen(scene(name))), jpeg(scene(name)))):
            found = verdict(whole, _half(torn))
            assert found is None or found.tier is Tier.LIKELY
