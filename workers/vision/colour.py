"""Modes and colour: whatever a decoder gives becomes 8-bit sRGB.

Invariant: nothing here changes the size or the orientation of a picture. A colour profile that is
broken, or that does not fit the picture's mode, is ignored, as browsers do.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

BACKGROUND = (255, 255, 255)
"""What shows through transparent pixels."""

VISIBLE = 2
"""Profiles that move no colour by more levels (of 255) than this are taken for sRGB."""

_PLAIN = frozenset({"L", "RGB", "RGBA", "CMYK"})


def plain(image: Image.Image) -> Image.Image:
    """The same picture with 8 bits a sample, in mode L, RGB, RGBA or CMYK."""
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    if image.mode in _PLAIN:
        return image
    if image.mode.startswith(("I", "F")):
        return _eight_bits(image)
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Greyscale of more than 8 bits. 16-bit data keeps its scale, floats of 0..1 too; all else is stretched."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and image.mode.startswith("I") and high <= 65535:
        low, high = 0.0, 65535.0
    elif low >= 0 and image.mode == "F" and high <= 1:
        low, high = 0.0, 1.0
    scaled = (values - low) * (255.0 / max(high - low, 1e-12))
    return Image.fromarray(scaled.round().astype(np.uint8))


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An RGB picture in sRGB on ``BACKGROUND``, from one as :func:`plain` returns it."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha is not None else image
    found = transform(profile, colours.mode) if profile else None
    colours = found.apply(colours) if found else colours.convert("RGB")
    if alpha is None:
        return colours
    flat = Image.new("RGB", image.size, BACKGROUND)
    flat.paste(colours, mask=alpha)
    return flat


@lru_cache(maxsize=32)
def transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way from an embedded profile to sRGB; None where there is nothing to do, or nothing that can be done."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        found = ImageCms.ImageCmsTransform(
            source, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")), mode, "RGB"
        )
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None
    return found if mode == "CMYK" or _moves_colours(found, mode) else None


def _moves_colours(found: ImageCms.ImageCmsTransform, mode: str) -> bool:
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3) if mode == "RGB" else levels[None]
    sample = Image.fromarray(np.ascontiguousarray(grid))
    before = np.asarray(sample.convert("RGB"), dtype=np.int16)
    after = np.asarray(found.apply(sample), dtype=np.int16)
    return bool(np.abs(after - before).max() > VISIBLE)
