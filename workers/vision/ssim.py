"""Structural similarity of two grey pictures, the verification of candidate pairs.

Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity",
IEEE Transactions on Image Processing 13(4), 2004, with its Gaussian window (sigma 1.5, 11x11), K1 = 0.01, K2 = 0.03.
Invariant: symmetric, and exactly 1 for equal pictures.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from skimage.metrics import structural_similarity

SIDE = 32
"""Pictures are compared at this side: fine grain (sharpening, resampling, JPEG) is no reason to tell two
pictures apart, and separates worse. Of pairs within 10 bits of pHash, true edits scored 0.94 and more here,
different photographs of one kind 0.65 and less; at 128 it was 0.69 against 0.61."""

SAME_PICTURE = 0.80
"""From here on a pair within the hash distance counts as one picture."""


_SIGMA, _MARGIN = 1.5, 5  # of the window: 11 by 11
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_AT_ONCE = 256  # pictures
_WINDOWS: NDArray[np.float32] = gaussian_filter1d(np.eye(SIDE, dtype=np.float32), _SIGMA, axis=1, truncate=3.5)[
    :, _MARGIN:-_MARGIN
].T
"""The weights of the window at each place of a line: (22, 32)."""


def ssim(grey_a: NDArray[np.uint8], grey_b: NDArray[np.uint8]) -> float:
    """Similarity, -1 to 1, of two uint8 pictures of the same square shape, a multiple of 32 a side."""
    a, b = _reduced(grey_a), _reduced(grey_b)
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    found = float(structural_similarity(a, b, data_range=255.0, **window))  # type: ignore[no-untyped-call]
    return min(1.0, found)  # rounding


def ssim_of_pairs(grey_a: NDArray[np.uint8], grey_b: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Similarity of each picture of ``grey_a`` (n, side, side) and the one in its place in ``grey_b``: float32 (n).

    As :func:`ssim`, for many at a time at a fraction of the time: the window is a product of matrices.
    """
    found = np.empty(len(grey_a), np.float32)
    for start in range(0, len(grey_a), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        found[some] = _of_reduced(_all_reduced(grey_a[some]), _all_reduced(grey_b[some]))
    return found


def _of_reduced(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    mean_a, mean_b = _blurred(a), _blurred(b)
    variance_a, variance_b = _blurred(a * a) - mean_a * mean_a, _blurred(b * b) - mean_b * mean_b
    covariance = _blurred(a * b) - mean_a * mean_b
    alike = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    most = (mean_a**2 + mean_b**2 + _C1) * (variance_a + variance_b + _C2)
    found: NDArray[np.float64] = np.minimum(1.0, (alike / most).mean(axis=(1, 2), dtype=np.float64))
    return found


def _blurred(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Seen through the window, wherever that lies inside."""
    count, inner = len(pictures), len(_WINDOWS)
    rows: NDArray[np.float32] = pictures.reshape(-1, SIDE) @ _WINDOWS.T
    turned = rows.reshape(count, SIDE, inner).transpose(0, 2, 1).reshape(-1, SIDE)
    columns: NDArray[np.float32] = turned @ _WINDOWS.T
    return columns.reshape(count, inner, inner)


def _all_reduced(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    tile = grey.shape[1] // SIDE
    parts = grey.reshape(-1, SIDE, tile, SIDE, tile)
    sums = np.zeros((len(parts), SIDE, SIDE), np.float32)  # exact: whole numbers
    for row, column in product(range(tile), repeat=2):
        sums += parts[:, :, row, :, column]
    return sums / np.float32(tile * tile)


def _reduced(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Means of square tiles: float32 (32, 32)."""
    tile = grey.shape[0] // SIDE
    means: NDArray[np.float32] = grey.reshape(SIDE, tile, SIDE, tile).mean(axis=(1, 3), dtype=np.float32)
    return means
