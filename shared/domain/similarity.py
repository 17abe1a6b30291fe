"""The one number that people see, per preset. docs/matching.md explains it in their words.

exact   1 for equal bytes or equal pixels
near    half of it from the hash, half from SSIM: ((1 - distance / 64) + max(ssim, 0)) / 2
deep    the larger of the cosine and, where the hash matches too, the value of near
"""

from __future__ import annotations

import struct

from shared.domain.scan import HASH_BITS


def near(distance: int, ssim: float) -> float:
    """``distance`` in bits of 64, ``ssim`` in -1..1; returns 0..1."""
    return ((1.0 - distance / HASH_BITS) + max(ssim, 0.0)) / 2.0


def deep(cosine: float, near_similarity: float | None) -> float:
    """``cosine`` of two unit vectors; returns 0..1."""
    return min(1.0, max(0.0, cosine, near_similarity or 0.0))


def single(threshold: float) -> float:
    """A threshold rounded to float32, as the reach of a match is kept: what reached it before reaches it still."""
    (rounded,) = struct.unpack("f", struct.pack("f", threshold))
    return float(rounded)
