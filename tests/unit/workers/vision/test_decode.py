"""Reading pictures: every format, oriented, in sRGB, within limits; anything else is a reason, never a crash."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from skimage import data as pictures

from shared.domain.errors import UnreadableImage
from workers.vision.decode import decode, thumbnails
from workers.vision.hashes import paired_distances
from workers.vision.reading import Decoded
from workers.vision.resize import resize_policy
from workers.vision.unreadable import REASONS

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")

LIMIT = 200_000_000
INPUT = (224, 192)


def astronaut() -> Image.Image:
    return Image.fromarray(pictures.astronaut()[:, :400])


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def decoded(data: bytes) -> Decoded:
    return decode(data, INPUT, LIMIT)


def bits_apart(a: Decoded, b: Decoded) -> int:
    return int(paired_distances(np.array([a.phash], np.uint64), np.array([b.phash], np.uint64))[0])


def error_of(data: bytes, limit: int = LIMIT) -> UnreadableImage:
    with pytest.raises(UnreadableImage) as caught:
        decode(data, INPUT, limit)
    assert caught.value.code in REASONS
    return caught.value


def outcome(data: bytes) -> str:
    try:
        decode(data, INPUT, 1_000_000)
    except UnreadableImage as error:
        return error.code
    return "read"


REFERENCE = decoded(saved(astronaut(), "PNG"))


@pytest.mark.parametrize(
    ("format", "name", "options"),
    [
        ("JPEG", "JPEG", {"quality": 95}),
        ("PNG", "PNG", {}),
        ("WEBP", "WEBP", {"quality": 95}),
        ("GIF", "GIF", {}),
        ("TIFF", "TIFF", {"compression": "tiff_lzw"}),
        ("BMP", "BMP", {}),
        ("PPM", "PPM", {}),
        ("HEIF", "HEIF", {"quality": 95}),
        ("AVIF", "AVIF", {"quality": 90}),
        ("JXL", "JXL", {"quality": 95}),
        ("JPEG2000", "JPEG2000", {}),
        ("QOI", "QOI", {}),
        ("PCX", "PCX", {}),
        ("TGA", "TGA", {}),
    ],
)
def test_every_format_gives_the_same_picture(format: str, name: str, options: dict[str, Any]) -> None:
    result = decoded(saved(astronaut(), format, **options))
    assert (result.format, result.width, result.height, result.frames) == (name, 400, 512, 1)
    assert result.pixels is not None
    assert result.pixels.shape == (*INPUT, 3)
    assert result.pixels.dtype == result.grey.dtype == np.uint8
    assert result.grey.shape == (64, 64)
    assert bits_apart(result, REFERENCE) <= 2
    assert REFERENCE.pixels is not None
    tolerance = 8 if format == "GIF" else 3
    assert np.abs(result.pixels.astype(int) - REFERENCE.pixels).mean() < tolerance


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_every_exif_orientation_is_honoured(format: str, orientation: int) -> None:
    upright = astronaut()
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.info["exif"] = exif.tobytes()  # from there the HEIF plug-in makes the rotation that HEIF has of its own
    result = decoded(saved(stored, format, **({} if format == "HEIF" else {"exif": exif})))
    assert (result.width, result.height) == (400, 512)
    assert bits_apart(result, REFERENCE) <= 2


def test_a_large_jpeg_decoded_at_reduced_scale_looks_like_one_decoded_in_full() -> None:
    large = astronaut().resize((3200, 4096), Image.Resampling.LANCZOS)
    reduced, full = decoded(saved(large, "JPEG", quality=95)), decoded(saved(large, "PNG", compress_level=1))
    assert (reduced.width, reduced.height) == (3200, 4096)
    assert bits_apart(reduced, full) == 0
    assert reduced.pixels is not None
    assert full.pixels is not None
    assert np.abs(reduced.pixels.astype(int) - full.pixels).mean() < 1.5


def test_hashes_do_not_depend_on_the_network() -> None:
    data = saved(astronaut().resize((1800, 2300)), "JPEG")
    with_network, without = decode(data, (224, 224), LIMIT), decode(data, None, LIMIT)
    assert resize_policy((224, 224)) == resize_policy(None)
    assert without.pixels is None
    assert with_network.phash == without.phash
    assert np.array_equal(with_network.grey, without.grey)


def test_transparent_pixels_show_the_background() -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 32, 64))
    for data in (saved(image, "PNG"), saved(image, "WEBP", lossless=True), saved(image, "GIF")):
        pixels = decoded(data).pixels
        assert pixels is not None
        assert pixels[100, 20].tolist() == [0, 0, 255]
        assert pixels[100, 180].tolist() == [255, 255, 255]


def test_modes_of_other_depths_are_brought_to_8_bits() -> None:
    grey = np.asarray(astronaut().convert("L"))
    wide = grey.astype(np.uint16) * 257
    tiff = BytesIO()
    tifffile.imwrite(tiff, (grey / 255).astype(np.float32))
    wide_tiff = BytesIO()
    tifffile.imwrite(wide_tiff, wide)
    expected = decoded(saved(Image.fromarray(grey), "PNG"))
    for data in (saved(Image.fromarray(wide), "PNG"), tiff.getvalue(), wide_tiff.getvalue()):
        result = decoded(data)
        assert np.abs(result.grey.astype(int) - expected.grey).max() <= 2
    bilevel = decoded(saved(Image.fromarray(grey).convert("1"), "PNG"))
    assert bits_apart(bilevel, expected) <= 8


def test_cmyk_is_converted() -> None:
    result = decoded(saved(astronaut().convert("CMYK"), "JPEG", quality=95))
    assert bits_apart(result, REFERENCE) <= 2


def test_a_colour_profile_that_differs_from_srgb_is_applied_and_a_broken_one_ignored() -> None:
    image = astronaut()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = decoded(saved(image, "PNG")).pixels
    same = decoded(saved(image, "PNG", icc_profile=lab)).pixels
    broken = decoded(saved(image, "PNG", icc_profile=b"no profile at all")).pixels
    assert plain is not None
    assert np.array_equal(plain, same)  # type: ignore[arg-type]
    assert np.array_equal(plain, broken)  # type: ignore[arg-type]


def test_display_p3_is_brought_to_srgb(shared_data: Path) -> None:
    with Image.open(shared_data / "formats/formats/heic/IMG_2682.heic") as photo:
        profile = photo.info["icc_profile"]
    flat = decoded(saved(Image.new("RGB", (64, 64), (200, 80, 60)), "PNG", icc_profile=profile)).pixels
    assert flat is not None
    assert flat[0, 0, 0] > 208  # the same red is further out in the smaller space
    assert flat[0, 0, 1] < 78


def test_the_first_frame_stands_for_an_animation_and_frames_are_counted() -> None:
    other = Image.new("RGB", (400, 512), "black")
    for format in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        result = decoded(saved(astronaut(), format, save_all=True, append_images=[other]))
        assert result.frames == 2
        assert bits_apart(result, REFERENCE) <= 4


def test_tiny_pictures_are_read() -> None:
    for size in ((1, 1), (1, 900), (900, 1), (3, 2)):
        assert decoded(saved(Image.new("RGB", size, "red"), "PNG")).width == size[0]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "HEIF", "AVIF", "JXL", "JPEG2000", "GIF"])
def test_more_pixels_than_allowed_are_refused_with_both_numbers(format: str) -> None:
    error = error_of(saved(astronaut(), format), limit=100_000)
    assert error.code == "too_many_pixels"
    assert "204,800" in error.message
    assert "100,000" in error.message


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "TIFF", "BMP"])
def test_a_file_that_was_cut_short_is_told_from_other_damage(format: str) -> None:
    data = saved(astronaut(), format)
    assert error_of(data[: len(data) // 2]).code == "truncated"


def test_what_is_no_image_says_what_it_is() -> None:
    assert error_of(b"").code == "empty_file"
    assert error_of(b"Dear diary, " * 50).code == "not_an_image"
    assert {error_of(b"abc"[:size]).code for size in (1, 2, 3)} == {"not_an_image"}
    for data, word in ((b"8BPS\0\1", "PSD"), (b"%!PS-Adobe-3.0", "EPS"), (b"%PDF-1.7", "PDF"), (b"<svg >", "SVG")):
        error = error_of(data + b"\0" * 100)
        assert error.code == "unsupported_format"
        assert word in error.message


def camera_raw(orientation: int) -> bytes:
    """A DNG as cameras write them: a preview first, the sensor's samples in a sub-image."""
    picture = np.asarray(astronaut())
    dng = [(50706, "B", 4, (1, 4, 0, 0), True), (50708, "s", 0, "Test", True), (0x0112, "H", 1, orientation, True)]
    filters = [(33421, "H", 2, (2, 2), True), (33422, "B", 4, (0, 1, 1, 2), True)]
    stream = BytesIO()
    with tifffile.TiffWriter(stream) as tiff:
        tiff.write(picture, photometric="rgb", subfiletype=1, subifds=1, extratags=dng, metadata=None)
        sensor = picture[:, :, 1].astype(np.uint16) * 256
        tiff.write(sensor, photometric="cfa", subfiletype=0, extratags=filters, metadata=None)
    return stream.getvalue()


@pytest.mark.parametrize(("orientation", "degrees"), [(1, 0), (3, 180), (6, 270), (8, 90)])
def test_camera_raw_is_read_through_its_preview(orientation: int, degrees: int) -> None:
    result = decoded(camera_raw(orientation))
    upright = astronaut().rotate(degrees, expand=True)
    assert (result.format, result.width, result.height) == ("RAW", *upright.size)
    assert bits_apart(result, decoded(saved(upright, "PNG"))) <= 2


@given(st.integers(0, 2**32 - 1), st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "JPEG2000", "TGA"]))
@settings(max_examples=60, deadline=None)
def test_damaged_bytes_are_read_or_refused_and_nothing_else(seed: int, format: str) -> None:
    random = np.random.default_rng(seed)
    data = bytearray(saved(astronaut().resize((64, 64)), format))
    for at in random.integers(0, len(data), 8):
        data[at] = random.integers(256)
    assert outcome(bytes(data)) in {"read", *REASONS}


def test_real_bad_files_are_read_or_refused(shared_data: Path) -> None:
    for path in sorted((shared_data / "bad").iterdir()):
        assert outcome(path.read_bytes()) in {"read", *REASONS}, path.name


def test_real_orientations_are_one_picture(shared_data: Path) -> None:
    for family in ("Landscape", "Portrait"):
        results = [decoded(path.read_bytes()) for path in sorted((shared_data / "orientation").rglob(f"{family}_*"))]
        assert len(results) == 9
        assert all(bits_apart(result, results[0]) <= 2 for result in results)
        assert len({(result.width, result.height) for result in results}) == 1


def test_thumbnails_are_upright_webp_of_the_sizes_asked_for_and_never_enlarged() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(Image.fromarray(pictures.astronaut()).resize((1024, 512)), "JPEG", exif=exif)
    small, large = (Image.open(BytesIO(one)) for one in thumbnails(data, (320, 1280), LIMIT))
    assert (small.format, small.size) == ("WEBP", (160, 320))
    assert large.size == (512, 1024)
