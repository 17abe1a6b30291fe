"""What files say of their pictures: when, with what, how much; and what makes no sense is not known."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from PIL import ExifTags, Image

from shared.domain.model import Facts
from tests import pictures
from workers.vision.decode import decode

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

ANY = 10_000_000
BASE, GPS = ExifTags.Base, ExifTags.GPS
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


def exif(**details: Any) -> bytes:
    made = Image.Exif()
    made[BASE.Make] = details.get("make", "Nikon Corporation\0")
    made[BASE.Model] = details.get("model", "NIKON D90")
    made[BASE.Orientation] = 6
    made.get_ifd(ExifTags.IFD.Exif)[BASE.DateTimeOriginal] = details.get("taken", "2024:05:01 12:34:56")
    made.get_ifd(ExifTags.IFD.GPSInfo)[GPS.GPSAltitude] = 7.0
    return made.tobytes()


def saved(format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    pictures.photo(1).save(stream, format, **options)
    return stream.getvalue()


def facts(data: bytes) -> Facts:
    return decode(data, None, ANY).facts


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "JXL"])
def test_date_and_camera_are_read_and_entries_counted_in_every_format_that_has_them(format: str) -> None:
    found = facts(saved(format, exif=exif()))
    assert (found.taken, found.camera) == ("2024-05-01T12:34:56", "NIKON D90")
    assert found.tags >= 4
    assert facts(saved(format)) == Facts(quality=found.quality)


def test_xmp_and_iptc_count_too() -> None:
    caption = b"\x1c\x02\x78" + struct.pack(">H", 5) + b"Hello" + b"\x1c\x02\x19" + struct.pack(">H", 3) + b"sea"
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(caption)) + caption + b"\0" * (len(caption) % 2)
    data = saved("JPEG", xmp=XMP)
    segment = b"\xff\xed" + struct.pack(">H", len(resource) + 16) + b"Photoshop 3.0\0" + resource
    assert facts(data).tags == 1
    assert facts(data[:2] + segment + data[2:]).tags == 3


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        ("", "X100", "X100"),
        ("Leica\n\x07 AG", "", "Leica AG"),
        ("\0", " ", None),
        ("m" * 200, "", "m" * 80),
    ],
)
def test_a_camera_is_named_once_in_plain_text(make: str, model: str, camera: str | None) -> None:
    assert facts(saved("JPEG", exif=exif(make=make, model=model))).camera == camera


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday", "2024:02:31 10:00:00"])
def test_a_date_that_is_none_is_not_known(taken: str) -> None:
    found = facts(saved("JPEG", exif=exif(taken=taken)))
    assert found.taken is None
    assert found.camera == "NIKON D90"


@pytest.mark.parametrize("quality", [5, 30, 50, 75, 92, 99])
def test_the_quality_of_a_jpeg_is_estimated_from_its_tables(quality: int) -> None:
    found = facts(saved("JPEG", quality=quality)).quality
    assert found is not None
    assert abs(found - quality) <= 1


def test_damaged_metadata_says_nothing_and_costs_no_picture() -> None:
    whole = saved("JPEG", exif=exif(), quality=80)
    for at in (6, 14):  # where the block says what it is, and its first entries
        begin = whole.index(b"Exif\0\0") + at
        torn = decode(whole[:begin] + b"\xff" * 40 + whole[begin + 40 :], None, ANY)
        assert torn.facts == Facts(quality=80, tags=torn.facts.tags)
        assert torn.width == 320
