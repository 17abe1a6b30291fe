"""From an opened picture to an upright sRGB image of about the size that is wanted.

Invariant: the result is never smaller than wanted unless the picture itself is, and is never enlarged.
"""

from __future__ import annotations

from PIL import Image

from workers.vision.colour import plain, to_srgb
from workers.vision.formats import Opened
from workers.vision.room import make_room

_ORIENTATION = 0x0112  # EXIF
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright_rgb(picture: Opened, least: tuple[int, int]) -> Image.Image:
    """The picture in sRGB, upright, reduced by a power of two while at least (width, height) ``least``."""
    image = picture.image
    if image.format in ("JPEG", "MPO"):
        image.draft(image.mode, least)
    make_room(image.size)
    image.load()
    profile = image.info.get("icc_profile")
    base = plain(image)
    spare = max(1, min(base.width // least[0], base.height // least[1]))
    factor = 1 << (spare.bit_length() - 1)  # as JPEG's own scales, so that a copy in another format looks the same
    small = base.reduce(factor) if factor > 1 else base
    return turned(to_srgb(small, profile), orientation(picture))


def orientation(picture: Opened) -> int:
    """EXIF orientation, 1 to 8, still to be applied; to be asked after the picture is loaded (TIFF turns itself)."""
    if picture.orientation is not None:
        return picture.orientation
    try:
        found = picture.image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a damaged EXIF block raises nearly anything, and says nothing about the pixels
        return 1
    return found if found in _TURNS else 1


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The image made upright."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def upright_size(picture: Opened) -> tuple[int, int]:
    """Width and height of the whole picture as people see it; to be asked after the picture is loaded."""
    width, height = picture.image.size if picture.image.format == "TIFF" else (picture.width, picture.height)
    return (height, width) if orientation(picture) >= 5 else (width, height)
