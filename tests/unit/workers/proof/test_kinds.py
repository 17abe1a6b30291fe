"""What was done to a picture is told, and which of the two holds all that the other shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from shared.domain.model import Kind, Tier
from tests.unit.workers.proof.pictures import jpeg, scene, verdict

SCENES = ("astronaut", "coffee", "chelsea", "rocket")
TURN, FLIP = Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT


def cropped(image: Image.Image, share: float) -> Image.Image:
    width, height = round(image.width * share), round(image.height * share)
    return image.crop((20, 15, 20 + width, 15 + height))


def marked(image: Image.Image) -> Image.Image:
    copy = image.copy()
    font = ImageFont.load_default(image.width / 11)
    ImageDraw.Draw(copy).text((image.width / 2, image.height * 0.85), "FOR SALE", "white", font, "mm")
    return copy


PROVEN: dict[str, tuple[Kind, Callable[[Image.Image], Image.Image]]] = {
    "saved again": (Kind.RE_ENCODED, lambda image: image),
    "half as large": (Kind.RESIZED, lambda image: image.resize((image.width // 2, image.height // 2))),
    "a fifth": (Kind.RESIZED, lambda image: image.resize((image.width // 5, image.height // 5))),
    "a quarter turn": (Kind.TURNED, lambda image: image.transpose(TURN)),
    "mirrored": (Kind.MIRRORED, lambda image: image.transpose(FLIP)),
    "sepia": (Kind.COLOUR, lambda image: ImageOps.colorize(ImageOps.grayscale(image), (30, 18, 8), (255, 244, 214))),
    "cut": (Kind.CROPPED, lambda image: cropped(image, 0.8)),
    "cut to half of its area": (Kind.CROPPED, lambda image: cropped(image, 0.7)),
    "framed": (Kind.FRAMED, lambda image: ImageOps.expand(image, 40, (20, 60, 160))),
}


UNSURE = {("framed", "rocket"), ("a fifth", "chelsea"), ("cut", "astronaut")}
"""Dark, furry, or cut along a line of the picture: told, and left to people."""


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("edit", PROVEN)
def test_an_edit_is_proven_and_named(edit: str, name: str) -> None:
    kind, change = PROVEN[edit]
    found = verdict(jpeg(scene(name)), jpeg(change(scene(name)), 75))
    assert found is not None
    assert found.kind is kind
    assert found.tier is Tier.PROVEN or (edit, name) in UNSURE, found


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_two_frames_of_one_picture_are_told_and_left_to_people(name: str) -> None:
    one, other = (
        ImageOps.expand(scene(name), border, colour) for border, colour in ((40, "white"), ((0, 120), "black"))
    )
    found = verdict(jpeg(one), jpeg(other))
    assert found is not None
    assert (found.kind, found.tier) == (Kind.FRAMED, Tier.LIKELY), found


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_a_mark_is_seen_and_never_proven(name: str) -> None:
    found = verdict(jpeg(scene(name)), jpeg(marked(scene(name))))
    assert found is not None
    assert (found.kind, found.tier) == (Kind.OVERLAY, Tier.LIKELY)


def test_a_crop_shows_a_part_and_is_shown_whole() -> None:
    found = verdict(jpeg(scene("coffee")), jpeg(cropped(scene("coffee"), 0.7)))
    assert found is not None
    assert found.shown_b > 0.97
    assert found.shown_a == pytest.approx(0.49, abs=0.02)
    assert found.finer == pytest.approx(1.0, abs=0.02)


def test_the_transform_leads_from_one_picture_to_the_other() -> None:
    one = scene("coffee")
    part = one.crop((100, 50, 500, 350))
    found = verdict(jpeg(one), jpeg(part))
    assert found is not None
    x, y = found.fit.matrix @ np.array([100 / 600, 50 / 600, 1.0])
    assert (x, y) == pytest.approx((0, 0), abs=0.01)
    assert found.fit.scale == pytest.approx(600 / 400, rel=0.02)


@pytest.mark.parametrize("edit", ["half as large", "a quarter turn", "mirrored", "cut"])
def test_the_order_of_the_two_changes_nothing(edit: str) -> None:
    kind, change = PROVEN[edit]
    one, other = jpeg(scene("chelsea")), jpeg(change(scene("chelsea")))
    there, back = verdict(one, other), verdict(other, one)
    assert there is not None
    assert back is not None
    assert there.kind is back.kind is kind
    assert there.shown_a == pytest.approx(back.shown_b, abs=0.02)
    assert there.finer == pytest.approx(1 / back.finer, rel=0.02)
