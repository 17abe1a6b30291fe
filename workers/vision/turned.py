"""Perceptual hashes of a picture's eight turned and mirrored versions, from one transform.

The mirror image changes the sign of every second coefficient of a DCT, and a turn by a quarter swaps its axes as well.
Invariant: the first is what imagehash.phash gives.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fftpack import dct

_SIDE, _KEPT = 32, 8  # as imagehash.phash


def turned_hashes(image: Image.Image) -> NDArray[np.uint64]:
    """pHash of the eight turned and mirrored versions of a grey picture: uint64 (8), see :data:`TURNS`."""
    pixels = np.asarray(image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), np.float64)
    low = dct(dct(pixels, axis=0), axis=1)[:_KEPT, :_KEPT]
    return np.array([_bits(turn(low)) for turn in TURNS], np.uint64)


_SIGNS = np.where(np.arange(_KEPT) % 2, -1.0, 1.0)
Turn = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _turn(mirrored: bool, upside_down: bool, swapped: bool) -> Turn:
    across, down = (_SIGNS if flag else np.ones(_KEPT) for flag in (mirrored, upside_down))

    def turn(low: NDArray[np.float64]) -> NDArray[np.float64]:
        turned = low * across[None, :] * down[:, None]
        return turned.T if swapped else turned

    return turn


TURNS: tuple[Turn, ...] = tuple(
    _turn(mirrored, upside_down, swapped)
    for swapped in (False, True)
    for upside_down in (False, True)
    for mirrored in (False, True)
)
"""As it is, mirrored, upside down, both; then these transposed."""


def _bits(low: NDArray[np.float64]) -> int:
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")
