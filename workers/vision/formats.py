"""Opening pictures: which formats are read, and what is checked before a pixel is decoded.

Formats are recognised by content, never by name. Only plug-ins of the allow-list see a file: no PostScript,
no format whose decoder is a program or a script. Camera raw files are read through their embedded preview.
Invariant: a file either opens within the pixel limit or raises UnreadableImage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import pillow_heif
import rawpy
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PcxImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    QoiImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_jxl import JpegXLImagePlugin

from shared.domain.errors import UnreadableImage
from workers.vision.jxl import read_header
from workers.vision.room import make_room
from workers.vision.unreadable import unreadable

_PLUGINS = (
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
    GifImagePlugin,
    TiffImagePlugin,
    BmpImagePlugin,
    PpmImagePlugin,
    AvifImagePlugin,
    JpegXLImagePlugin,
    Jpeg2KImagePlugin,
    QoiImagePlugin,
    IcoImagePlugin,
    PcxImagePlugin,
    TgaImagePlugin,
)  # importing a plug-in registers it with Pillow
pillow_heif.register_heif_opener()
ALLOWED = (
    *("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "DIB", "PPM", "AVIF", "HEIF", "JXL", "JPEG2000"),
    *("QOI", "ICO", "PCX", "TGA"),
)
"""Pillow's names, in the order in which they are tried. JPEG includes MPO; TGA, without a signature, comes last."""

RAW = "RAW"
_RAW_PREFIXES = re.compile(
    rb"FUJIFILMCCD-RAW|IIRO|IIRS|MMOR|IIU\0|\0MRM|FOVb|II\x1a\0\0\0HEAPCCDR|.{4}ftypcrx |(II\*\0|MM\0\*).{4}CR",
    re.DOTALL,
)
_TIFF_PREFIXES = (b"II*\0", b"MM\0*")
_RAW_COMPRESSIONS = {32767, 32769, 34713, 65000, 65535}  # Sony, packed, Nikon, Kodak, Pentax
_COLOUR_FILTER_ARRAY = 32803
_EXIF_OF_FLIP = {3: 3, 5: 8, 6: 6}  # LibRaw's turns as EXIF orientations

_OTHERS = (
    ("PSD", re.compile(rb"8BPS")),
    ("EPS", re.compile(rb"%!PS|\xc5\xd0\xd3\xc6")),
    ("PDF", re.compile(rb"%PDF-")),
    ("SVG", re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]", re.DOTALL)),
    ("DDS", re.compile(rb"DDS ")),
    ("FLI", re.compile(rb".{4}[\x11\x12]\xaf", re.DOTALL)),
    ("ICNS", re.compile(rb"icns")),
    ("SGI", re.compile(rb"\x01\xda")),
    ("BLP", re.compile(rb"BLP[12]")),
    ("WMF", re.compile(rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF", re.DOTALL)),
    ("FITS", re.compile(rb"SIMPLE  =")),
    ("OpenEXR", re.compile(rb"\x76\x2f\x31\x01")),
    ("Radiance HDR", re.compile(rb"#\?RADIANCE")),
    ("CUR", re.compile(rb"\0\0\x02\0[^\0]")),
    ("video", re.compile(rb".{4}ftyp(isom|mp4|M4V|qt  )|\x1a\x45\xdf\xa3|RIFF.{4}AVI ", re.DOTALL)),
)
"""Pictures (and videos) that are recognised in order to be refused by name."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture whose head has been read. ``width`` and ``height`` are as stored, before orientation."""

    image: Image.Image
    format: str
    width: int
    height: int
    frames: int
    orientation: int | None = None  # EXIF orientation known from outside the image (camera raw)
    raw: bytes | None = None  # the file of a camera raw, whose preview may lack what the file says


def use_one_thread() -> None:
    """Keep codecs from starting threads of their own: a machine's cores are shared by decoder processes."""
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    JpegXLImagePlugin.DECODE_THREADS = 0
    pillow_heif.options.DECODE_THREADS = 1


@contextmanager
def opened(data: bytes, max_pixels: int) -> Iterator[Opened]:
    """Open a picture; what goes wrong while it is open is turned into UnreadableImage too.

    Raises:
        UnreadableImage: codes empty_file, not_an_image, unsupported_format, corrupt, truncated, too_many_pixels.
        MemoryError: decoding needs more than there is.
    """
    if not data:
        raise unreadable("empty_file")
    Image.MAX_IMAGE_PIXELS = None  # our own limit, a setting, takes its place
    found = "raw" if is_raw(data) else None
    try:
        picture = _open_raw(data, max_pixels) if found else _open(data, max_pixels)
        found = picture.format
        with picture.image:
            yield picture
    except (UnreadableImage, MemoryError):
        raise
    except Exception as error:  # plug-ins raise nearly anything on damaged files
        raise _damaged(found or sniff(data), error) from error


def sniff(data: bytes) -> str | None:
    """Name of the allowed format whose signature these bytes bear, if any."""
    head = data[:16].ljust(16, b"\0")  # some plug-ins fall over fewer bytes
    for name in ALLOWED:
        accept = Image.OPEN[name][1]
        if accept is not None and accept(head):
            return name
    return None


def _damaged(format: str | None, error: Exception) -> UnreadableImage:
    if format is None:
        return unreadable("not_an_image")
    text = str(error).lower()
    if "unsupported" in text or "not supported" in text:
        return unreadable("unsupported_format", format=f"{format} files of this kind")
    cut = isinstance(error, EOFError) or "truncated" in text or "end of file" in text or "premature end" in text
    return unreadable("truncated" if cut else "corrupt", format=format)


def _open(data: bytes, max_pixels: int) -> Opened:
    for name, signature in _OTHERS:
        if signature.match(data[:4096]):
            raise unreadable("unsupported_format", format=f"{name} files")
    if sniff(data) == "JXL":  # this plug-in decodes while it opens
        header = read_header(data)
        check_pixels(header.width, header.height, max_pixels)
        make_room((header.width, header.height))
    image = Image.open(BytesIO(data), formats=ALLOWED)
    check_pixels(*image.size, max_pixels)
    frames = int(getattr(image, "n_frames", 1))
    orientation = 1 if image.format == "JXL" and not getattr(image, "jpeg", False) else None  # libjxl has turned it
    return Opened(image, str(image.format), *image.size, frames, orientation)


def check_pixels(width: int, height: int, limit: int) -> None:
    """Raises UnreadableImage, too_many_pixels."""
    if width * height > limit:
        raise unreadable("too_many_pixels", pixels=width * height, width=width, height=height, limit=limit)


def is_raw(data: bytes) -> bool:
    """Whether this is a camera raw file; many are TIFF files that only their tags tell from others."""
    if _RAW_PREFIXES.match(data[:64]):
        return True
    if not data.startswith(_TIFF_PREFIXES):
        return False
    try:
        with Image.open(BytesIO(data), formats=("TIFF",)) as image:
            tags: dict[int, object] = dict(image.tag_v2)  # type: ignore[attr-defined]  # TIFF's own attribute
    except Exception:  # damaged, or of a kind Pillow cannot read: left to what follows
        return b"DNG" in data[:4096]
    preview_first = tags.get(254) == 1 and 330 in tags
    sensor = tags.get(262) == _COLOUR_FILTER_ARRAY or tags.get(259) in _RAW_COMPRESSIONS
    return 50706 in tags or preview_first or sensor


def _open_raw(data: bytes, max_pixels: int) -> Opened:
    try:
        with rawpy.imread(BytesIO(data)) as raw:
            width, height, flip = raw.sizes.width, raw.sizes.height, raw.sizes.flip
            check_pixels(width, height, max_pixels)
            preview = raw.extract_thumb()
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
        raise unreadable("unsupported_format", format="Camera raw files without a preview") from None
    except rawpy.LibRawFileUnsupportedError:
        raise unreadable("unsupported_format", format="Camera raw files of this make") from None
    if isinstance(preview.data, bytes):
        image: Image.Image = Image.open(BytesIO(preview.data), formats=("JPEG",))
    else:
        image = Image.fromarray(preview.data)
    check_pixels(*image.size, max_pixels)
    return Opened(image, RAW, width, height, 1, _EXIF_OF_FLIP.get(flip, 1), data)
