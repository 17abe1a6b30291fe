"""Edits as people and programs make them: each turns a photograph into the bytes of another file that shows it.

Invariant: the same photograph and the same generator give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Random = np.random.Generator
Change = Callable[[Image.Image, Random], Image.Image]


@dataclass(frozen=True, slots=True)
class Edit:
    """``change`` makes the picture, ``quality`` the JPEG of it; ``aim`` is the recall that is wanted.

    ``part`` marks an edit that shows less than the photograph, ``more`` one that shows it inside something else,
    ``torn`` one of whose file only so much was downloaded.
    """

    change: Change
    quality: int = 88
    format: str = "JPEG"
    aim: float = 0.99
    part: bool = False
    more: bool = False
    torn: float = 1.0

    def make(self, photograph: Image.Image, random: Random) -> bytes:
        stream = BytesIO()
        picture = self.change(photograph, random)
        if self.format == "GIF":
            picture = picture.quantize(64)
        picture.save(stream, self.format, **({} if self.format in ("PNG", "GIF") else {"quality": self.quality}))
        data = stream.getvalue()
        return data[: round(len(data) * self.torn)]


def _same(image: Image.Image, random: Random) -> Image.Image:
    return image


def _scaled(factor: float) -> Change:
    def change(image: Image.Image, random: Random) -> Image.Image:
        size = (max(8, round(image.width * factor)), max(8, round(image.height * factor)))
        return image.resize(size, Image.Resampling.LANCZOS)

    return change


def _stretched(image: Image.Image, random: Random) -> Image.Image:
    return image.resize((round(image.width * 1.12), image.height), Image.Resampling.BICUBIC)


def _cropped(area: float) -> Change:
    """A part of so much of the area, anywhere, of nearly the same shape."""

    def change(image: Image.Image, random: Random) -> Image.Image:
        skew = random.uniform(0.9, 1.1)
        width = min(1.0, area**0.5 * skew) * image.width
        height = area * image.width * image.height / width
        height = min(height, image.height)
        left, top = random.uniform(0, image.width - width), random.uniform(0, image.height - height)
        return image.crop((round(left), round(top), round(left + width), round(top + height)))

    return change


def _transposed(how: Image.Transpose) -> Change:
    return lambda image, random: image.transpose(how)


def _mirror_turned(image: Image.Image, random: Random) -> Image.Image:
    return image.transpose(Image.Transpose.TRANSVERSE)


def _tilted(image: Image.Image, random: Random) -> Image.Image:
    """Straightened by a few degrees, the corners that are missing then cut off."""
    angle = random.uniform(2.5, 6.0) * random.choice([-1, 1])
    tan = np.tan(np.radians(abs(angle)))
    turned = image.rotate(angle, Image.Resampling.BICUBIC)
    dx, dy = image.height * tan * 0.55 + 2, image.width * tan * 0.55 + 2
    return turned.crop((round(dx), round(dy), round(image.width - dx), round(image.height - dy)))


def _enhanced(how: type[ImageEnhance._Enhance], factor: float) -> Change:
    return lambda image, random: how(image).enhance(factor)


def _gamma(value: float) -> Change:
    table = [round(255 * (level / 255) ** value) for level in range(256)] * 3
    return lambda image, random: image.point(table)


def _grey(image: Image.Image, random: Random) -> Image.Image:
    return ImageOps.grayscale(image).convert("RGB")


def _sepia(image: Image.Image, random: Random) -> Image.Image:
    return ImageOps.colorize(ImageOps.grayscale(image), (30, 18, 8), (255, 244, 214))


def _warm(image: Image.Image, random: Random) -> Image.Image:
    red, green, blue = image.split()
    bands = (red.point(lambda v: min(255, v * 1.14)), green, blue.point(lambda v: v * 0.84))
    return Image.merge("RGB", bands)


def _blurred(share: float) -> Change:
    return lambda image, random: image.filter(ImageFilter.GaussianBlur(share * max(image.size)))


def _sharpened(image: Image.Image, random: Random) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(2, 160, 2))


def _noisy(image: Image.Image, random: Random) -> Image.Image:
    grain = random.normal(0, 14, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def _vignette(image: Image.Image, random: Random) -> Image.Image:
    y, x = np.mgrid[-1 : 1 : image.height * 1j, -1 : 1 : image.width * 1j]
    fall = 1 - 0.45 * np.clip(x**2 + y**2 - 0.3, 0, None) / 1.7
    return Image.fromarray((np.asarray(image) * fall[..., None]).astype(np.uint8))


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, in pixels."""
    return ImageFont.load_default(max(8, size))


def _watermark(image: Image.Image, random: Random) -> Image.Image:
    """Pale words across the picture, again and again."""
    layer = Image.new("RGBA", image.size, (255, 255, 255, 0))
    draw, size = ImageDraw.Draw(layer), max(image.size) / 14
    for row, y in enumerate(np.arange(0, image.height, size * 3)):
        for x in np.arange(-(row % 2) * size * 4, image.width, size * 8):
            draw.text((x, y), "© sample", (255, 255, 255, 105), font(size))
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _logo(image: Image.Image, random: Random) -> Image.Image:
    copy, side = image.copy(), round(min(image.size) * 0.17)
    draw, margin = ImageDraw.Draw(copy), round(min(image.size) * 0.03)
    x, y = image.width - side - margin, image.height - side - margin
    draw.ellipse((x, y, x + side, y + side), (200, 30, 40))
    draw.rectangle((x + side * 0.3, y + side * 0.3, x + side * 0.7, y + side * 0.7), (255, 255, 255))
    return copy


def _caption(image: Image.Image, random: Random) -> Image.Image:
    copy, size = image.copy(), image.width / 11
    words = str(random.choice(["ONE DOES NOT SIMPLY", "HAPPY BIRTHDAY", "WHEN IT IS MONDAY"]))
    at = (image.width / 2, image.height - size)
    ImageDraw.Draw(copy).text(
        at, words, "white", font(size), "mm", stroke_width=max(1, round(size / 12)), stroke_fill=0
    )
    return copy


def _stamp(image: Image.Image, random: Random) -> Image.Image:
    """The date in a corner."""
    copy, size = image.copy(), image.width / 22
    at = (image.width - size / 2, image.height - size / 2)
    ImageDraw.Draw(copy).text(at, "12 07 2003", (255, 150, 30), font(size), "rs")
    return copy


def _framed(image: Image.Image, random: Random) -> Image.Image:
    colour = tuple(int(v) for v in random.choice([[255] * 3, [0] * 3, [90, 60, 30]]))
    return ImageOps.expand(image, round(max(image.size) * 0.06), colour)


def _letterboxed(image: Image.Image, random: Random) -> Image.Image:
    side = max(image.size)
    canvas = Image.new("RGB", (round(side * 1.02), round(side * 1.3)), (0, 0, 0))
    canvas.paste(image, ((canvas.width - image.width) // 2, (canvas.height - image.height) // 2))
    return canvas


def _polaroid(image: Image.Image, random: Random) -> Image.Image:
    pad = round(max(image.size) * 0.05)
    canvas = Image.new("RGB", (image.width + 2 * pad, image.height + 5 * pad), (246, 244, 238))
    canvas.paste(image, (pad, pad))
    at = (canvas.width / 2, image.height + 3 * pad)
    ImageDraw.Draw(canvas).text(at, "summer", (60, 60, 60), font(pad * 1.5), "mm")
    return canvas


def screen(image: Image.Image, random: Random) -> Image.Image:
    """A phone's screen: the same bars, words and buttons each time, the picture in between."""
    width, height = 540, 1080
    canvas = Image.new("RGB", (width, height), (250, 250, 250))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 0, width, 90), (33, 90, 160))
    draw.text((20, 42), "Photos", "white", font(32))
    draw.text((440, 8), "12:4" + str(random.integers(0, 10)), "white", font(20))
    shown = ImageOps.contain(image, (width, height - 330))
    canvas.paste(shown, ((width - shown.width) // 2, 90 + (height - 330 - shown.height) // 2))
    for n, label in enumerate(("Like", "Comment", "Share")):
        draw.rounded_rectangle((20 + n * 172, 880, 180 + n * 172, 940), 12, (225, 228, 235))
        draw.text((100 + n * 172, 910), label, (40, 40, 40), font(24), "mm")
    draw.rectangle((0, 990, width, height), (238, 238, 238))
    for n in range(4):
        draw.ellipse((50 + n * 130, 1010, 95 + n * 130, 1055), (120, 130, 140))
    return canvas


def _small_blur(image: Image.Image, random: Random) -> Image.Image:
    return _cropped(0.8)(_scaled(0.5)(image, random), random)


def _mirrored_crop(image: Image.Image, random: Random) -> Image.Image:
    return _cropped(0.7)(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), random)


EDITS: dict[str, Edit] = {
    "jpeg-20": Edit(_same, 20),
    "jpeg-60": Edit(_same, 60),
    "half-a-file": Edit(_same, part=True, torn=0.6),
    "webp-40": Edit(_same, 40, "WEBP"),
    "gif": Edit(_same, format="GIF"),
    "half": Edit(_scaled(0.5)),
    "fifth": Edit(_scaled(0.2), 80, aim=0.95),
    "enlarged": Edit(_scaled(1.5)),
    "stretched": Edit(_stretched),
    "crop-90": Edit(_cropped(0.9), part=True),
    "crop-75": Edit(_cropped(0.75), part=True),
    "crop-55": Edit(_cropped(0.55), part=True),
    "crop-40": Edit(_cropped(0.4), aim=0.95, part=True),
    "quarter-turn": Edit(_transposed(Image.Transpose.ROTATE_90)),
    "half-turn": Edit(_transposed(Image.Transpose.ROTATE_180)),
    "straightened": Edit(_tilted, part=True),
    "mirrored": Edit(_transposed(Image.Transpose.FLIP_LEFT_RIGHT)),
    "mirrored-turned": Edit(_mirror_turned),
    "mirrored-crop": Edit(_mirrored_crop, part=True),
    "grey": Edit(_grey),
    "sepia": Edit(_sepia),
    "warm": Edit(_warm),
    "brighter": Edit(_enhanced(ImageEnhance.Brightness, 1.35)),
    "darker": Edit(_gamma(1.7)),
    "contrast": Edit(_enhanced(ImageEnhance.Contrast, 1.5)),
    "saturation": Edit(_enhanced(ImageEnhance.Color, 1.8)),
    "blurred": Edit(_blurred(0.004)),
    "blurred-more": Edit(_blurred(0.009)),
    "sharpened": Edit(_sharpened),
    "noise": Edit(_noisy),
    "vignette": Edit(_vignette),
    "watermark": Edit(_watermark),
    "logo": Edit(_logo),
    "caption": Edit(_caption),
    "date": Edit(_stamp),
    "framed": Edit(_framed),
    "letterboxed": Edit(_letterboxed),
    "polaroid": Edit(_polaroid),
    "screenshot": Edit(screen, aim=0.95, more=True),
    "small-crop": Edit(_small_blur, 75, part=True),
}
"""By name. Collages take several photographs and are made apart, see :func:`collage`."""


def collage(photographs: list[Image.Image], random: Random) -> bytes:
    """Two to four photographs side by side, cut to their places, with a gap or none."""
    places = {2: (2, 1), 3: (3, 1), 4: (2, 2)}[len(photographs)]
    side, gap = 420, int(random.choice([0, 6]))
    width, height = (round(side * 0.8), side) if places[1] == 1 else (side, round(side * 0.8))
    canvas = Image.new("RGB", (places[0] * (width + gap) + gap, places[1] * (height + gap) + gap), (255, 255, 255))
    for number, photograph in enumerate(photographs):
        row, column = divmod(number, places[0])
        shown = ImageOps.fit(photograph, (width, height), Image.Resampling.LANCZOS)
        canvas.paste(shown, (gap + column * (width + gap), gap + row * (height + gap)))
    stream = BytesIO()
    canvas.save(stream, "JPEG", quality=88)
    return stream.getvalue()
