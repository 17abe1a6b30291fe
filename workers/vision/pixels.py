"""The digest of what a picture shows: equal digests mean equal pictures, however they are stored.

Runs in decoder processes only. Invariant: where equality of decoded pixels would not prove equality of
pictures, there is no digest, so nobody deletes the better of two pictures as a copy of the other.
"""

from __future__ import annotations

import hashlib

from PIL import Image

from workers.vision.colour import transform
from workers.vision.formats import RAW, opened
from workers.vision.jxl import read_header
from workers.vision.render import orientation, turned
from workers.vision.room import make_room

_STRIP = 1 << 20  # pixels hashed at once: a copy of all of them may be a gigabyte


def pixel_digest(data: bytes, max_pixels: int) -> bytes | None:
    """SHA-256 over size, mode, pixels (upright) and the colour profile where it is not sRGB.

    Palette, bilevel and grey pictures count as RGB, and opaque alpha is dropped. None for several frames, camera
    raw, and samples of more bits than the decoder keeps.

    Raises:
        UnreadableImage: see :func:`workers.vision.formats.opened`.
        MemoryError: decoding needs more than there is.
    """
    with opened(data, max_pixels) as picture:
        if picture.frames > 1 or picture.format == RAW or not _keeps_depth(picture.image, data):
            return None
        make_room(picture.image.size)
        picture.image.load()
        shown = turned(_comparable(picture.image), orientation(picture))
        digest = hashlib.sha256(f"pixels-v1 {shown.mode} {shown.width}x{shown.height} ".encode())
        digest.update(_profile_key(picture.image))
        rows = max(1, _STRIP // shown.width)
        for top in range(0, shown.height, rows):
            digest.update(shown.crop((0, top, shown.width, min(top + rows, shown.height))).tobytes())
        return digest.digest()


def _comparable(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F", "CMYK", "LAB")):
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    shown = image.convert("RGBA")
    return shown.convert("RGB") if shown.getchannel("A").getextrema() == (255, 255) else shown


def _profile_key(image: Image.Image) -> bytes:
    """32 bytes for a profile that changes colours, none for sRGB."""
    profile = image.info.get("icc_profile")
    mode = {"P": "RGB", "PA": "RGB", "RGBA": "RGB", "LA": "L", "1": "L"}.get(image.mode, image.mode)
    if not profile or (mode in ("L", "RGB", "CMYK") and transform(profile, mode) is None):
        return b""
    return hashlib.sha256(profile).digest()


def _keeps_depth(image: Image.Image, data: bytes) -> bool:
    """Whether Pillow gives every bit of a sample; to be asked before loading. Most formats have 8 at most."""
    if image.mode.startswith(("I", "F")):
        return True
    match image.format:
        case "JXL":
            header = read_header(data)
            return header.bits is not None and header.bits <= 8 and not header.animated
        case "AVIF":
            return _avif_bits(data) <= 8
        case "HEIF":
            return int(image.info.get("bit_depth", 16)) <= 8
        case "JPEG2000":
            return _jpeg2000_bits(data) <= 8
        case "PPM":
            return not any(isinstance(tile.args, tuple) and int(tile.args[-1]) > 255 for tile in image.tile)  # type: ignore[attr-defined]
        case "PNG" | "TIFF":
            return not any(";16" in str(tile.args) for tile in image.tile)  # type: ignore[attr-defined]
        case _:
            return True


def _avif_bits(data: bytes) -> int:
    """Bits a sample by the AV1 configuration box (AV1 in ISOBMFF, 2.3); 16 where there is none."""
    at = data.find(b"av1C")
    if at < 0 or at + 7 > len(data):
        return 16
    high, twelve = data[at + 6] & 0x40, data[at + 6] & 0x20
    return 8 if not high else 12 if twelve else 10


def _jpeg2000_bits(data: bytes) -> int:
    """Bits of the deepest component by the SIZ marker (ISO/IEC 15444-1, A.5.1); 16 where there is none."""
    at = data.find(b"\xff\x4f\xff\x51")
    count = int.from_bytes(data[at + 40 : at + 42], "big") if at >= 0 else 0
    depths = data[at + 42 : at + 42 + 3 * count : 3]
    return max(((depth & 0x7F) + 1 for depth in depths), default=16)
