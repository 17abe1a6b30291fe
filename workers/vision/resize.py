"""How pictures are made small: one policy, named in every key of stored features.

JPEG is decoded at 1/1, 1/2, 1/4 or 1/8, then every picture is box-reduced by a power of two, so that both sides
stay at least twice what is wanted, and at least 448: so hashes do not depend on which of the usual networks is in
use. The last step is bicubic, antialiased, and ignores the aspect ratio as Keras does.
Invariant: whoever changes what any of this computes changes ``VERSION``.
"""

from __future__ import annotations

VERSION = "r1"

GREY_SIDE = 64
"""Side of the grey picture that SSIM compares."""

NetworkInput = tuple[int, int]
"""Height and width of the pixels that a network takes."""

_LEAST_SIDE = 448


def least_side(network_input: NetworkInput | None) -> int:
    """Pictures are not reduced below this side before the last step."""
    return max(_LEAST_SIDE, 2 * max(network_input or (0,)))


def resize_policy(network_input: NetworkInput | None) -> str:
    """Short name for keys: equal names mean equal hashes, and equal pixels for networks of equal input."""
    return f"{VERSION}-{least_side(network_input)}"
