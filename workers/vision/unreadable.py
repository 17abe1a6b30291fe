"""Why a file could not be used: one table of stable codes and the sentences people read.

Invariant: every code of a failure is a key of ``REASONS``, or not_regular or outside_library, whose sentences
shared.confined gives.
"""

from __future__ import annotations

from shared.domain.errors import UnreadableImage

REASONS: dict[str, str] = {
    "corrupt": "The {format} image is damaged and cannot be decoded.",
    "damaged": "The {format} image is cut short: the end of the file is missing. What is left of it was compared.",
    "decode_timeout": "Decoding took longer than {timeout:g} seconds and was stopped.",
    "decoder_crashed": "The decoder crashed on this file twice ({how}). The file is probably damaged.",
    "empty_file": "The file is empty.",
    "file_too_large": "The file has {size:,} bytes; the limit is {limit:,}.",
    "not_an_image": "The file is not an image.",
    "out_of_memory": "Decoding needs more memory than a decoder may use.",
    "permission_denied": "The file may not be read: permission denied.",
    "read_failed": "The file could not be read: {error}.",
    "too_many_pixels": "The image has {pixels:,} pixels ({width} × {height}); the limit is {limit:,}.",
    "truncated": "The {format} image is cut short: the end of the file is missing.",
    "unsupported_format": "{format} are not supported.",
    "vanished": "The file is no longer there.",
}


def unreadable(code: str, **facts: object) -> UnreadableImage:
    """The error of this code, its sentence filled in with ``facts``."""
    return UnreadableImage(REASONS[code].format(**facts), code=code)
