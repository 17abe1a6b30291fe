"""Structural similarity of two grey pictures, the verification of candidate pairs.

Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity",
IEEE Transactions on Image Processing 13(4), 2004, with its Gaussian window (sigma 1.5, 11x11), K1 = 0.01, K2 = 0.03.
Invariant: symmetric, and exactly 1 for equal pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

SIDE = 32
"""Pictures are compared at this side: fine grain (sharpening, resampling, JPEG) is no reason to tell two
pictures apart, and separates worse. Of pairs within 10 bits of pHash, true edits scored 0.94 and more here,
different photographs of one kind 0.65 and less; at 128 it was 0.69 against 0.61."""

SAME_PICTURE = 0.80
"""From here on a pair within the hash distance counts as one picture."""


def ssim(grey_a: NDArray[np.uint8], grey_b: NDArray[np.uint8]) -> float:
    """Similarity, -1 to 1, of two uint8 pictures of the same square shape, a multiple of 32 a side."""
    a, b = _reduced(grey_a), _reduced(grey_b)
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    found = float(structural_similarity(a, b, data_range=255.0, **window))  # type: ignore[no-untyped-call]
    return min(1.0, found)  # rounding


def _reduced(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Means of square tiles: float32 (32, 32)."""
    tile = grey.shape[0] // SIDE
    means: NDArray[np.float32] = grey.reshape(SIDE, tile, SIDE, tile).mean(axis=(1, 3), dtype=np.float32)
    return means
