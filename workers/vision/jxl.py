"""The head of a JPEG XL file: its size and bit depth, without decoding.

The Pillow plug-in decodes a whole file when it opens it, so limits must be checked before. Bit layout:
ISO/IEC 18181-1:2024, annex D (SizeHeader, ImageMetadata) and 18181-2 (boxes).
Invariant: only the first bytes are looked at; what cannot be parsed raises ValueError.
"""

from __future__ import annotations

from dataclasses import dataclass

CODESTREAM = b"\xff\x0a"
CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


@dataclass(frozen=True, slots=True)
class Header:
    """``bits`` a sample; None where samples are floats or where it is not known."""

    width: int
    height: int
    bits: int | None
    animated: bool


class _Bits:
    """Reads bits, least significant first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("JPEG XL header is cut short")
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return taken

    def choose(self, *ways: tuple[int, int]) -> int:
        """The U32 of the standard: two bits choose (offset, bits to add)."""
        offset, count = ways[self.take(2)]
        return offset + self.take(count)


def read_header(data: bytes) -> Header:
    """Parse the head of a JPEG XL file.

    Raises:
        ValueError: this is no JPEG XL file, or its head is damaged.
    """
    bits = _Bits(_codestream(data)[2:66])
    height, width = _size(bits)
    return Header(width, height, *_metadata(bits))


def _codestream(data: bytes) -> bytes:
    if data.startswith(CODESTREAM):
        return data[:66]
    at = len(CONTAINER)
    while data.startswith(CONTAINER) and at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        head = 16 if length == 1 else 8
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if kind in (b"jxlc", b"jxlp"):
            start = at + head + (4 if kind == b"jxlp" else 0)
            if data[start : start + 2] == CODESTREAM:
                return data[start : start + 66]
        if length < head:
            break
        at += length
    raise ValueError("no JPEG XL codestream")


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)

    def side() -> int:
        return 8 * (1 + bits.take(5)) if small else bits.choose((1, 9), (1, 13), (1, 18), (1, 30))

    height = side()
    ratio = bits.take(3)
    if ratio == 0:
        return height, side()
    across, down = RATIOS[ratio - 1]
    return height, height * across // down


def _metadata(bits: _Bits) -> tuple[int | None, bool]:
    if bits.take(1):  # all default
        return 8, False
    if bits.take(1):  # extra fields: orientation, intrinsic size, preview, animation
        bits.take(3)
        if bits.take(1):
            _size(bits)
        if bits.take(1):  # a preview's header is of no use here; assume the worst of what follows it
            return None, True
        if bits.take(1):
            return None, True
    if bits.take(1):  # float samples
        return None, False
    return bits.choose((8, 0), (10, 0), (12, 0), (1, 6)), False
