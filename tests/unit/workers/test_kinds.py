"""Images of equal hash and dimensions are compared as one: what is kept and counted is as if each had been."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.domain.scan import Preset, ScanRequest
from shared.store.scans import Scan
from workers.stages import compare
from workers.stages.blocks import Block
from workers.stages.kinds import Kinds


def block(noise: np.random.Generator, count: int, hashes: int, sizes: int) -> Block:
    """Images with few hashes, some of them near, and few sizes."""
    base = noise.integers(0, 2**63, 3, dtype=np.uint64)[noise.integers(0, 3, hashes)]
    for _ in range(3):
        base ^= np.uint64(1) << noise.integers(0, 63, hashes, dtype=np.uint64)
    sides = np.stack([300 + noise.integers(0, sizes, count), np.full(count, 200)], axis=1)
    return Block(base[noise.integers(0, hashes, count)], sides, np.arange(count), None)


def strongest(a: Block, b: Block, same: bool, preset: Preset, most: int) -> tuple[object, ...]:
    scan = Scan("scan", ScanRequest((), preset=preset))
    found = compare._Sides(scan, a, b, same).strongest(most)
    order = np.lexsort((found.matches["b"], found.matches["a"]))
    matches = [tuple(match)[:2] + tuple(match)[4:] for match in found.matches[order].tolist()]  # without NaN
    return matches, found.omitted.tolist(), found.twins.tolist()


@hypothesis_settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 2**32), st.integers(1, 120), st.integers(1, 40), st.integers(1, 3), st.integers(1, 12),
    st.booleans(), st.sampled_from([Preset.NEAR, Preset.EXACT]),
)  # fmt: skip
def test_kinds_keep_and_count_what_all_pairs_do(seed, count, hashes, sizes, most, same, preset) -> None:
    noise = np.random.default_rng(seed)
    a = block(noise, count, hashes, sizes)
    shuffled = noise.permutation(count)
    b = a if same else Block(a.hashes[shuffled], a.sides[noise.permutation(count)], a.positions, None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Kinds, "pay", False)
        one_by_one = strongest(a, b, same, preset, most)
        patched.setattr(Kinds, "pay", True)
        assert strongest(a, b, same, preset, most) == one_by_one


def test_kinds_are_used_in_a_flood_and_not_in_a_library_of_different_pictures() -> None:
    noise = np.random.default_rng(1)
    flood, library = block(noise, 100, 5, 1), block(noise, 100, 100, 3)
    assert Kinds.among([(flood.hashes, flood.sides)]).pay
    assert not Kinds.among([(library.hashes, library.sides)]).pay
