"""From the bytes of one file to what is compared: perceptual hash, grey thumbnail, pixels for a network.

Runs in decoder processes only (see workers.vision.pool). Invariant: the same bytes and the same
resize policy (workers.vision.resize) give the same result, whatever was decoded before.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workers.vision.facts import facts_of
from workers.vision.formats import Opened, opened
from workers.vision.reading import Decoded
from workers.vision.remains import whole_or_rest
from workers.vision.render import upright_rgb, upright_size
from workers.vision.resize import GREY_SIDE, NetworkInput, least_side

__all__ = ["Decoded", "decode", "thumbnails"]


def decode(data: bytes, network_input: NetworkInput | None, max_pixels: int, locally: bool = False) -> Decoded:
    """Decode one file, with its local features where they are wanted; then what is left of a torn file will do.

    Raises:
        UnreadableImage: see :func:`workers.vision.formats.opened`.
        MemoryError: decoding needs more than there is.
    """

    def seen(picture: Opened) -> Decoded:
        return _seen(picture, network_input, locally)

    if locally:
        found, whole = whole_or_rest(data, max_pixels, seen)
        return found if whole else replace(found, damaged=True)
    with opened(data, max_pixels) as picture:
        return seen(picture)


def _seen(picture: Opened, network_input: NetworkInput | None, locally: bool) -> Decoded:
    side = least_side(network_input)
    small = upright_rgb(picture, (side, side))
    width, height = upright_size(picture)
    facts = facts_of(picture)
    grey = _resized(small.convert("L"), (GREY_SIDE, GREY_SIDE))
    pixels = None if network_input is None else _array(_resized(small, network_input))
    # hashed from the grey picture: a tenth of the time, and the hash sees no more than 32x32 of it anyway
    told = (width, height, picture.format, picture.frames, _phash(grey), _array(grey), pixels)
    local, turned = _parts(small, grey, (width, height)) if locally else (None, None)
    return Decoded(*told, local, turned, facts=facts)


def _parts(
    small: Image.Image, grey: Image.Image, size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    from workers.vision import local, turned  # OpenCV takes its time to load, and most presets need none of it

    return local.extract(small, size), turned.turned_hashes(grey)


def warm_up() -> None:
    """Let libraries that load themselves when they are first used do so, outside any file's deadline."""
    stream = BytesIO()
    Image.new("RGB", (GREY_SIDE, GREY_SIDE)).save(stream, "PNG")
    decode(stream.getvalue(), None, GREY_SIDE**2)


def _resized(image: Image.Image, shape: tuple[int, int]) -> Image.Image:
    return image.resize(shape[::-1], Image.Resampling.BICUBIC)


def _array(image: Image.Image) -> NDArray[np.uint8]:
    return np.array(image, dtype=np.uint8)


def _phash(image: Image.Image) -> int:
    bits = imagehash.phash(image).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def thumbnails(data: bytes, sizes: tuple[int, ...], max_pixels: int) -> list[bytes]:
    """WebP pictures, upright, in sRGB, whose longest side is each of ``sizes``; never enlarged; of a torn file what is
    left of it. Raises as decode."""
    image, _ = whole_or_rest(data, max_pixels, lambda picture: _small(picture, max(sizes)))
    made = {}
    for size in sorted(set(sizes), reverse=True):  # each from the next larger one
        image = image.resize(_bounded(image.size, size), Image.Resampling.LANCZOS)
        made[size] = _webp(image)
    return [made[size] for size in sizes]


def _small(picture: Opened, longest: int) -> Image.Image:
    return upright_rgb(picture, _bounded(picture.image.size, longest))


def _bounded(size: tuple[int, int], longest: int) -> tuple[int, int]:
    shrink = min(1.0, longest / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _webp(image: Image.Image) -> bytes:
    stream = BytesIO()
    image.save(stream, "WEBP", quality=80, method=2)
    return stream.getvalue()
