"""What a file says of its picture beside the pixels: when and with what it was taken, and how much it says at all.

Runs in decoder processes only. Invariant: what makes no sense is not known, and refuses no picture.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

from shared.domain.model import Facts
from workers.vision.formats import RAW, Opened

_LONGEST = 80  # characters of a camera's name
_OF_PIXELS = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 330, 338}
    | {339, 347, 513, 514, 529, 530, 531, 532, 700, 33723, 34377, 34665, 34675, 34853}
)
"""Tags that say how pixels are stored, or where other tags are: they say nothing of the picture."""

_LUMINANCE = np.array(
    [
        *(
            16,
            11,
            10,
            16,
            24,
            40,
            51,
            61,
            12,
            12,
            14,
            19,
            26,
            58,
            60,
            55,
            14,
            13,
            16,
            24,
            40,
            57,
            69,
            56,
            14,
            17,
            22,
            29,
        ),
        *(51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121),
        *(120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
    ]
)
"""Table K.1 of ITU-T T.81, which libjpeg scales by the quality that is asked for."""


def facts_of(picture: Opened) -> Facts:
    """Of a picture that has been loaded: what follows the pixels in a file is not known before."""
    try:
        exif = _exif(picture)
        details = exif.get_ifd(ExifTags.IFD.Exif)
        taken = _time(details.get(ExifTags.Base.DateTimeOriginal) or details.get(ExifTags.Base.DateTimeDigitized))
        camera = _camera(exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model))
        told = len(set(exif) - _OF_PIXELS) + len(details) + len(exif.get_ifd(ExifTags.IFD.GPSInfo))
        return Facts(taken, camera, _quality(picture), told + _beside_exif(picture.image))
    except Exception:  # a damaged block raises nearly anything, and says nothing about the pixels
        return Facts(quality=_quality(picture))


def _exif(picture: Opened) -> Image.Exif:
    if picture.raw is not None and picture.raw.startswith((b"II*\0", b"MM\0*")):
        exif = Image.Exif()
        exif.load(picture.raw)  # most camera raw files are TIFF files, as EXIF is
        return exif
    return picture.image.getexif()


def _time(text: object) -> str | None:
    try:
        return datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S").isoformat()
    except ValueError:
        return None


def _camera(make: object, model: object) -> str | None:
    """“NIKON CORPORATION” and “NIKON D90” are one NIKON D90."""
    maker, name = _plain(make), _plain(model)
    said = maker.split(" ")[0].lower() if maker else ""
    both = name if said and name.lower().startswith(said) else f"{maker} {name}".strip()
    return both[:_LONGEST] or None


def _plain(text: object) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) if isinstance(text, str) else ""


def _beside_exif(image: Image.Image) -> int:
    """Entries of IPTC, and 1 for XMP."""
    iptc = IptcImagePlugin.getiptcinfo(image) if isinstance(image, ImageFile.ImageFile) else None
    return len(iptc or ()) + bool(image.info.get("xmp"))


def _quality(picture: Opened) -> int | None:
    """The quality at which libjpeg's table is nearest to that of a JPEG, by sum; other encoders have their own."""
    tables = getattr(picture.image, "quantization", None)
    if picture.format == RAW or not tables or 0 not in tables:
        return None
    return 1 + int(np.abs(_SUMS - sum(tables[0])).argmin())


def _scaled(quality: int) -> int:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return int(np.clip((_LUMINANCE * scale + 50) // 100, 1, 255).sum())


_SUMS = np.array([_scaled(quality) for quality in range(1, 101)])
