"""What is left of a torn file is a part of its picture, and nothing of the decoder's own making."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps
from skimage import data

from shared.domain.errors import UnreadableImage
from workers.vision.decode import decode, thumbnails
from workers.vision.formats import Opened
from workers.vision.pixels import pixel_digest
from workers.vision.reading import Decoded
from workers.vision.remains import whole_or_rest

LIMIT = 10**8


def coffee(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(data.coffee()).convert(mode)


def saved(image: Image.Image, format: str, share: float = 1.0, **options: Any) -> bytes:
    """The first part of a file."""
    stream = BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()[: int(len(stream.getvalue()) * share)]


def rest_of(torn: bytes) -> Image.Image:
    def copied(picture: Opened) -> Image.Image:
        picture.image.load()
        return picture.image.copy()

    image, whole = whole_or_rest(torn, LIMIT, copied)
    assert not whole
    return image


def code_of(torn: bytes) -> str:
    with pytest.raises(UnreadableImage) as raised:
        rest_of(torn)
    return raised.value.code


def read(torn: bytes) -> Decoded:
    return decode(torn, None, LIMIT, locally=True)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize(
    ("format", "mode", "options"),
    [
        ("JPEG", "RGB", {"subsampling": 0}),
        ("JPEG", "RGB", {"subsampling": 1}),
        ("JPEG", "RGB", {"subsampling": 2}),
        ("JPEG", "RGB", {"restart_marker_rows": 1}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "P", {}),
        ("PNG", "1", {}),
    ],
)
def test_every_row_that_is_left_is_the_whole_pictures(
    format: str, mode: str, options: dict[str, Any], share: float
) -> None:
    image = coffee(mode).resize((601, 403))
    left = np.asarray(rest_of(saved(image, format, share, **options)))
    with Image.open(BytesIO(saved(image, format, **options))) as whole:
        shown = np.asarray(whole)
    assert 0.6 * share * len(shown) < len(left) < len(shown)
    assert (left == shown[: len(left)]).all()


def test_a_progressive_jpeg_comes_whole_and_blurred() -> None:
    image = coffee()
    left = rest_of(saved(image, "JPEG", 0.5, progressive=True))
    assert left.size == image.size
    assert np.abs(np.asarray(left, float) - np.asarray(image)).mean() < 6


def test_too_little_is_no_picture() -> None:
    assert code_of(saved(coffee(), "JPEG", 0.08)) == "truncated"
    assert code_of(saved(coffee().resize((60, 40)), "PNG", 0.6)) == "truncated"


def test_the_rows_of_an_interlaced_png_and_of_other_formats_are_not_used() -> None:
    plain = saved(coffee(), "PNG", 0.5)
    head = plain[12:28] + b"\1"  # says that it is interlaced
    assert code_of(plain[:12] + head + crc32(head).to_bytes(4, "big") + plain[33:]) == "truncated"
    for format in ("WEBP", "GIF", "TIFF", "BMP"):
        assert code_of(saved(coffee(), format, 0.5)) in ("truncated", "corrupt"), format


def test_the_part_is_turned_as_the_whole_would_be() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = read(saved(coffee(), "JPEG", 0.5))
    turned = read(saved(coffee(), "JPEG", 0.5, exif=exif))
    assert (upright.width, upright.height) == (turned.height, turned.width)
    assert upright.width == 600
    assert upright.height < 300


def test_a_part_says_that_it_is_one_and_a_whole_that_it_is_none() -> None:
    assert read(saved(coffee(), "JPEG", 0.5)).damaged
    assert not read(saved(coffee(), "JPEG")).damaged


def test_who_does_not_ask_for_local_features_gets_whole_pictures_only() -> None:
    with pytest.raises(UnreadableImage, match="cut short"):
        decode(saved(coffee(), "JPEG", 0.5), None, LIMIT)


def test_pixels_of_a_part_have_no_digest_even_after_others_were_forgiven() -> None:
    torn = saved(coffee(), "JPEG", 0.5)
    read(torn)
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    with pytest.raises(UnreadableImage, match="cut short"):
        pixel_digest(torn, LIMIT)


def test_forgiving_ends_where_using_a_part_fails() -> None:
    def fail(picture: Opened) -> None:
        picture.image.load()
        raise MemoryError

    with pytest.raises(MemoryError):
        whole_or_rest(saved(coffee(), "PNG", 0.5), LIMIT, fail)
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_a_thumbnail_shows_the_part() -> None:
    torn = saved(coffee(), "JPEG", 0.5)
    (small,) = thumbnails(torn, (320,), LIMIT)
    seen = read(torn)
    with Image.open(BytesIO(small)) as image:
        assert image.size == ImageOps.contain(Image.new("L", (seen.width, seen.height)), (320, 320)).size


@pytest.mark.parametrize(
    ("format", "options"), [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("TIFF", {})]
)
def test_a_file_that_ends_anywhere_is_read_in_part_or_refused(format: str, options: dict[str, Any]) -> None:
    whole = saved(coffee().resize((150, 100)), format, **options)
    seen = set()
    for end in range(1, len(whole), max(1, len(whole) // 150)):
        try:
            part = read(whole[:end])
        except UnreadableImage as error:
            seen.add(error.code)
        else:
            seen.add("damaged" if part.damaged else "whole")
            assert part.width == 150
            assert 32 <= part.height <= 100
    assert seen <= {"damaged", "whole", "truncated", "corrupt", "not_an_image"}
    assert ("damaged" in seen) == (format != "TIFF")
