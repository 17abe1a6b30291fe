"""What is left of a picture whose file ends too early: the rows that could be decoded, as a picture of their own.

A decoder fills what it never saw: libjpeg with one grey, Pillow with zeros. Those rows are cut off, and of a JPEG the
ones in which the fill begins too, since it may begin in the middle of them. A progressive JPEG comes whole and blurred
at first; of an interlaced PNG nothing is used, its rows are full of holes.
Invariant: no row is left that the whole picture does not have in its place, if sharper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from PIL import Image, ImageFile

from shared.domain.errors import UnreadableImage
from workers.vision.formats import Opened, opened
from workers.vision.render import orientation
from workers.vision.room import make_room
from workers.vision.unreadable import unreadable

LEAST_ROWS, LEAST_SHARE = 32, 0.1
"""Of fewer rows, or a smaller share of the picture's, nothing is used."""

_STRIP = 256  # rows looked at at once

Used = TypeVar("Used")


def whole_or_rest(data: bytes, max_pixels: int, use: Callable[[Opened], Used]) -> tuple[Used, bool]:
    """What ``use`` makes of a picture, or else of what is left of it; and whether that is the whole.

    Raises as :func:`workers.vision.formats.opened`; ``truncated`` where too little is left.
    """
    try:
        with opened(data, max_pixels) as picture:
            return use(picture), True
    except UnreadableImage as error:
        if error.code != "truncated":
            raise
    with _forgiving(), opened(data, max_pixels) as picture:
        return use(_rest(picture)), False


@contextmanager
def _forgiving() -> Iterator[None]:
    """Pillow's switch is one for the whole process: whoever comes next must find it off."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _rest(picture: Opened) -> Opened:
    image = picture.image
    make_room(image.size)
    image.load()
    rows = _usable_rows(image)
    if rows < max(LEAST_ROWS, LEAST_SHARE * image.height):
        raise unreadable("truncated", format=picture.format)
    left = image.crop((0, 0, image.width, rows))
    return Opened(left, picture.format, *left.size, picture.frames, orientation(picture))


def _usable_rows(image: Image.Image) -> int:
    """How many rows from the top are the picture's own, before any turn; 0 where that cannot be told."""
    end = _end(image)
    match image.format:
        case "PNG":
            return 0 if image.info.get("interlace") else end
        case "JPEG" | "MPO":
            if image.info.get("progressive") and end == image.height:
                return end
            unit = 8 * max(int(vertical) for _, _, vertical, _ in image.layer)  # type: ignore[attr-defined]  # JPEG's own
            return max(0, (end - 2) // unit * unit - 1)  # colours are smoothed across one row on either side
    return 0


def _end(image: Image.Image) -> int:
    """The row from which on everything is of one colour; the height where the last row is not."""
    width, height = image.size
    fill = np.asarray(image.crop((0, height - 1, 1, height)))
    for bottom in range(height, 0, -_STRIP):
        top = max(0, bottom - _STRIP)
        rows = np.asarray(image.crop((0, top, width, bottom)))
        other = np.flatnonzero((rows != fill).reshape(len(rows), -1).any(axis=1))
        if len(other):
            return top + int(other[-1]) + 1
    return 0
