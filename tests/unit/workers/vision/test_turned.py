"""Hashes of turned pictures: those that turning the picture itself would give."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image
from skimage import data

from workers.vision.turned import TURNS, turned_hashes

_TURNED = {
    0: None, 1: Image.Transpose.FLIP_LEFT_RIGHT, 2: Image.Transpose.FLIP_TOP_BOTTOM, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.TRANSPOSE, 5: Image.Transpose.ROTATE_90, 6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
}  # fmt: skip


@pytest.mark.parametrize("turn", range(len(TURNS)))
@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_the_hash_of_a_turned_picture_is_known_without_turning_it(name: str, turn: int) -> None:
    grey = Image.fromarray(getattr(data, name)()).convert("L").resize((64, 64))
    how = _TURNED[turn]
    shown = grey if how is None else grey.transpose(how)
    bits = np.packbits(imagehash.phash(shown).hash).tobytes()
    expected = np.uint64(int.from_bytes(bits, "big"))
    assert int(np.bitwise_count(turned_hashes(grey)[turn] ^ expected)) <= 2
