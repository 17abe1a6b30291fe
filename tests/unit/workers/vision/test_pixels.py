"""Equal pixel digests mean equal pictures, and nothing less."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from skimage import data as pictures

from workers.vision.pixels import pixel_digest

LIMIT = 10_000_000


def saved(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def digest(image: Image.Image, format: str = "PNG", **options: Any) -> bytes | None:
    return pixel_digest(saved(image, format, **options), LIMIT)


def cat() -> Image.Image:
    return Image.fromarray(pictures.cat())


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("PNG", {"compress_level": 1}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("WEBP", {"lossless": True}),
        ("JXL", {"lossless": True}),
        ("JPEG2000", {}),
        ("QOI", {}),
        ("PPM", {}),
        ("TGA", {}),
    ],
)
def test_lossless_formats_of_one_picture_have_one_digest(format: str, options: dict[str, Any]) -> None:
    expected = digest(cat())
    assert expected is not None
    assert len(expected) == 32
    assert digest(cat(), format, **options) == expected


@given(arrays(np.uint8, (5, 4, 3)), st.integers(0, 59), st.integers(1, 255))
@settings(max_examples=40, deadline=None)
def test_one_changed_sample_changes_the_digest(pixels: np.ndarray, at: int, by: int) -> None:
    changed = pixels.copy()
    changed.flat[at] = (int(changed.flat[at]) + by) % 256
    assert digest(Image.fromarray(pixels)) != digest(Image.fromarray(changed))


def test_the_shape_is_part_of_it() -> None:
    flat = np.zeros((4, 6, 3), np.uint8)
    assert digest(Image.fromarray(flat)) != digest(Image.fromarray(flat.reshape(6, 4, 3)))


def test_palette_grey_and_opaque_alpha_count_as_rgb() -> None:
    palette = cat().quantize(64)
    assert digest(palette) == digest(palette.convert("RGB"))
    grey = cat().convert("L")
    assert digest(grey) == digest(grey.convert("RGB"))
    assert digest(cat().convert("RGBA")) == digest(cat())


def test_transparency_is_part_of_it() -> None:
    clear = cat().convert("RGBA")
    clear.putpixel((3, 3), (*clear.getpixel((3, 3))[:3], 254))  # type: ignore[misc]
    assert digest(clear) not in (None, digest(cat()))


def test_orientation_is_applied_first() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = cat().transpose(Image.Transpose.ROTATE_90)
    assert digest(stored, exif=exif) == digest(cat())
    assert digest(stored) != digest(cat())


def test_16_bit_pictures_are_kept_apart_from_their_8_bit_versions() -> None:
    grey = np.asarray(cat().convert("L"))
    wide = Image.fromarray(grey.astype(np.uint16) * 257)
    lower = Image.fromarray(grey.astype(np.uint16) * 257 + (grey % 2 == 0))
    digests = {digest(Image.fromarray(grey)), digest(wide), digest(lower)}
    assert len(digests) == 3
    assert None not in digests


def test_there_is_no_digest_where_bits_are_lost_or_frames_differ(shared_data: Path) -> None:
    deep = BytesIO()
    tifffile.imwrite(deep, pictures.cat().astype(np.uint16) * 257, photometric="rgb")
    assert pixel_digest(deep.getvalue(), LIMIT) is None
    assert digest(cat(), "GIF", save_all=True, append_images=[Image.new("RGB", cat().size)]) is None
    for name in ("jxl/16bit-HDR-P3-nclx.jxl", "avif/10bit-HDR-P3-nclx.avif"):
        assert pixel_digest((shared_data / "formats/formats" / name).read_bytes(), 10**8) is None
    for name in ("jxl/8bit-sRGB.jxl", "avif/8bit-sRGB.avif"):
        assert pixel_digest((shared_data / "formats/formats" / name).read_bytes(), 10**8) is not None


def test_a_colour_profile_that_shows_is_part_of_it(shared_data: Path) -> None:
    with Image.open(shared_data / "formats/formats/heic/IMG_2682.heic") as photo:
        profile = photo.info["icc_profile"]
    assert digest(cat(), icc_profile=profile) != digest(cat())
    with Image.open(shared_data / "formats/albums/nature/polemonium_reptans.jpg") as photo:
        nearly_srgb = photo.info["icc_profile"]
    assert digest(cat(), icc_profile=nearly_srgb) == digest(cat())
