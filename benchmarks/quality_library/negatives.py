"""What only looks alike: another shot of the scene, other words on one template, other pictures on one page.

Invariant: no two of them, nor any with its source, show one picture; the same generator gives the same.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from scipy.ndimage import gaussian_filter, map_coordinates

from benchmarks.quality_library.edits import Random, font


def another_shot(image: Image.Image, random: Random) -> Image.Image:
    """The scene a moment later: the camera has moved, near things more than far ones, something in it as well."""
    pixels = np.asarray(image, np.float32)
    height, width = pixels.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for axis in (x, y):
        depth = gaussian_filter(random.normal(size=(24, 24)), 2.2)
        depth = np.asarray(Image.fromarray(depth.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC))
        axis += depth / np.abs(depth).max() * 0.035 * max(width, height)
    moved = np.stack([map_coordinates(pixels[..., band], [y, x], order=1, mode="reflect") for band in range(3)], -1)
    grain = moved + random.normal(0, 4, moved.shape)
    shot = Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))
    return ImageEnhance.Brightness(shot).enhance(random.uniform(0.92, 1.08))


def one_thing_moved(image: Image.Image, random: Random) -> Image.Image:
    """A tripod's next frame: all the same but for a part that has gone elsewhere, to where it can be seen."""
    tried = [_one_moved(image, random) for _ in range(_TRIES)]
    shot = next((shot for shot in tried if _changed(image, shot) > _SEEN), max(tried, key=lambda s: _changed(image, s)))
    grain = np.asarray(shot, np.float32) + random.normal(0, 3, (shot.height, shot.width, 3))
    return Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))


_TRIES = 12
_SEEN = 0.012
"""The share of a picture that must have changed: a patch of sky that has moved in the sky is no other picture."""


def _one_moved(image: Image.Image, random: Random) -> Image.Image:
    shot, side = image.copy(), round(min(image.size) * random.uniform(0.2, 0.3))
    left, top = (int(random.integers(0, whole - side)) for whole in image.size)
    to = tuple(int(random.integers(0, whole - side)) for whole in image.size)
    thing = image.crop((left, top, left + side, top + side))
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse((side * 0.1, side * 0.1, side * 0.9, side * 0.9), 255)
    shot.paste(thing, to, mask.filter(ImageFilter.GaussianBlur(side * 0.04)))
    return shot


def _changed(one: Image.Image, other: Image.Image) -> float:
    """The share of two pictures that differs by more than 30 levels, seen from a distance."""
    small = [
        np.asarray(image.convert("L").resize((160, 160), Image.Resampling.BOX), np.float32) for image in (one, other)
    ]
    return float((np.abs(small[0] - small[1]) > 30).mean())


def document(words: list[str], random: Random) -> Image.Image:
    """A page of one letterhead and its own text."""
    page = Image.new("RGB", (620, 877), (253, 253, 251))
    draw = ImageDraw.Draw(page)
    draw.rectangle((50, 45, 120, 95), (20, 70, 120))
    draw.text((140, 52), "Municipal Office", (20, 20, 20), font(28))
    draw.line((50, 110, 570, 110), (20, 70, 120), 3)
    for line in range(int(random.integers(22, 34))):
        text = " ".join(str(word) for word in random.choice(words, int(random.integers(6, 10))))
        draw.text((50, 140 + 20 * line), text[:62], (35, 35, 35), font(14))
    return page


def product(image: Image.Image) -> Image.Image:
    """A small thing on a white ground."""
    ground = Image.new("RGB", (700, 700), (255, 255, 255))
    shown = image.resize((260, 260), Image.Resampling.LANCZOS)
    mask = Image.new("L", (260, 260), 0)
    ImageDraw.Draw(mask).ellipse((4, 4, 256, 256), 255)
    ground.paste(shown, (220, 220), mask)
    return ground


def meme(image: Image.Image, words: list[str], random: Random) -> Image.Image:
    """A well-known picture with words of its own."""
    copy, size = image.copy(), image.width / random.uniform(9, 13)
    for at in (0.12, 0.88)[int(random.integers(0, 2)) :]:
        text = " ".join(str(word) for word in random.choice(words, 3)).upper()
        middle, stroke = (copy.width / 2, copy.height * at), max(1, round(size / 12))
        ImageDraw.Draw(copy).text(middle, text, "white", font(size), "mm", stroke_width=stroke, stroke_fill=0)
    return copy


def badge(style: Random, letter: str) -> Image.Image:
    """A sign of one house, with a letter of its own; the same generator, the same house."""
    colour = tuple(int(level) for level in style.integers(20, 200, 3))
    image = Image.new("RGB", (360, 360), "white")
    draw, edge = ImageDraw.Draw(image), int(style.integers(8, 30))
    outline: dict[str, object] = {"outline": colour, "width": edge}
    shape = (draw.ellipse, draw.rectangle)[int(style.integers(0, 2))]
    shape((24, 24, 336, 336), **outline)
    shape((24 + 2 * edge, 24 + 2 * edge, 336 - 2 * edge, 336 - 2 * edge), outline=colour, width=2)
    draw.text((180, 180), letter, colour, font(style.uniform(90, 170)), "mm")
    return image
