from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workers.vision.hashes import distances, paired_distances

HASHES = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6)


@given(HASHES, HASHES)
def test_distances_count_the_bits_that_differ(a: list[int], b: list[int]) -> None:
    found = distances(np.array(a, np.uint64), np.array(b, np.uint64))
    assert found.dtype == np.uint8
    assert found.tolist() == [[(x ^ y).bit_count() for y in b] for x in a]


@given(HASHES)
def test_paired_distances_are_the_diagonal(a: list[int]) -> None:
    one, other = np.array(a, np.uint64), np.array(a[::-1], np.uint64)
    assert np.array_equal(paired_distances(one, other), np.diag(distances(one, other)))
