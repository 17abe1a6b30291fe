"""SSIM tells edits of one picture from other pictures that merely hash alike."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from workers.vision.decode import decode
from workers.vision.reading import Decoded
from workers.vision.ssim import SAME_PICTURE, ssim


def decoded(path: Path) -> Decoded:
    return decode(path.read_bytes(), None, 10**8)


def near(a: Decoded, b: Decoded) -> bool:
    return (a.phash ^ b.phash).bit_count() <= 10


@pytest.mark.parametrize("seed", range(5))
def test_ssim_is_symmetric_within_bounds_and_one_for_equal_pictures(seed: int) -> None:
    random = np.random.default_rng(seed)
    a = random.integers(0, 256, (64, 64)).astype(np.uint8)
    b = np.where(random.random((64, 64)) < 0.2 * seed, a, 255 - a).astype(np.uint8)
    assert ssim(a, a) == 1.0
    assert ssim(a, b) == pytest.approx(ssim(b, a), abs=1e-6)
    assert -1 <= ssim(a, b) <= 1


def test_flat_pictures_of_other_brightness_are_not_the_same() -> None:
    assert ssim(np.zeros((64, 64), np.uint8), np.full((128, 128), 200, np.uint8)) < SAME_PICTURE


def test_edits_of_a_real_photo_are_the_same_picture(shared_data: Path) -> None:
    paths = sorted((shared_data / "edits/bridge-mods").glob("*.jpg"))
    original, *edits = [decoded(path) for path in paths]
    kept = [edit for edit in edits if near(original, edit) and ssim(original.grey, edit.grey) >= SAME_PICTURE]
    assert len(paths) == 12
    assert len(kept) == 11


def test_real_look_alikes_are_not_the_same_picture(shared_data: Path) -> None:
    photos = [decoded(path) for path in sorted((shared_data / "photos/test").rglob("*.jpg"))]
    candidates = [(a, b) for a, b in combinations(photos, 2) if near(a, b)]
    assert candidates
    assert [ssim(a.grey, b.grey) for a, b in candidates if ssim(a.grey, b.grey) >= SAME_PICTURE] == []
