"""The Hamming join gives every pair within the radius once, with its distance, and no other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workers.pairs import hamming
from workers.pairs.hamming import Near, Part, hamming_join, plan

Hashes = NDArray[np.uint64]


def hashes(rng: np.random.Generator, n: int, words: int, spread: int) -> Hashes:
    """A few originals and copies of them with up to ``spread`` bits turned."""
    originals = rng.integers(0, 2**64, (max(1, n // 6), words), dtype=np.uint64)
    found = originals[rng.integers(0, len(originals), n)]
    for _ in range(spread):
        turned = np.uint64(1) << rng.integers(0, 64, n).astype(np.uint64)
        found[np.arange(n), rng.integers(0, words, n)] ^= np.where(rng.random(n) < 0.7, turned, np.uint64(0))
    return found


def brute(a: Hashes, b: Hashes, radius: int, same: bool) -> dict[tuple[int, int], int]:
    distance = np.bitwise_count(a[:, None] ^ b[None]).astype(int).sum(axis=2)
    wanted = np.triu(distance <= radius, k=1) if same else distance <= radius
    return {(int(i), int(j)): int(distance[i, j]) for i, j in zip(*np.nonzero(wanted), strict=True)}


def as_dict(parts: list[Near]) -> dict[tuple[int, int], int]:
    given = [pair for part in parts for pair in zip(*(column.tolist() for column in part), strict=True)]
    found = {(i, j): distance for i, j, distance in given}
    assert len(found) == len(given), "a pair was given twice"
    return found


@settings(max_examples=80, deadline=None)
@given(
    n=st.integers(1, 150),
    words=st.sampled_from([1, 2, 4]),
    radius=st.integers(0, 40),
    looked_up=st.booleans(),
    cross=st.booleans(),
    at_once=st.sampled_from([7, 1 << 20]),
    seed=st.integers(0, 2**32 - 1),
)
def test_pairs_are_those_of_brute_force(n, words, radius, looked_up, cross, at_once, seed) -> None:
    rng = np.random.default_rng(seed)
    radius = min(radius, 10) if words == 1 else radius
    a = hashes(rng, n, words, radius // 2)
    b = np.concatenate([a[: n // 2], hashes(rng, n, words, 3)]) if cross else None
    with pytest.MonkeyPatch.context() as patch:
        if looked_up:  # whatever it costs
            patch.setattr(hamming, "plan", lambda *_: cut(64 * words, radius))
        patch.setattr(hamming, "_AT_ONCE", at_once)
        found = as_dict(list(hamming_join(a, radius, b)))
    assert found == brute(a, a if b is None else b, radius, same=b is None)


def cut(width: int, radius: int) -> tuple[Part, ...]:
    """A cut whose parts have radius 1 or 2, and more bits than the others where the width leaves some over."""
    return next(p for p in hamming._cuts(width, radius) if max(part.radius for part in p) <= 2)


@pytest.mark.parametrize(("words", "radius"), [(1, 8), (4, 31)])
def test_a_library_is_looked_up_and_its_copies_are_found(words: int, radius: int) -> None:
    rng = np.random.default_rng(1)
    found = rng.integers(0, 2**64, (30_000, words), dtype=np.uint64)
    found[:300] = found[-300:]
    for bit in range(radius):
        found[np.arange(bit, 300), bit % words] ^= np.uint64(1) << np.uint64(5 * bit % 64)
    assert plan(found, radius) is not None
    pairs = as_dict(list(hamming_join(found, radius)))
    assert all((i, 29_700 + i) in pairs for i in range(300))
    picked = rng.permutation(30_000)[:1500]
    picked = np.unique(np.r_[picked, 0:300, 29_700:30_000])
    part = {
        (int(picked[i]), int(picked[j])): d for (i, j), d in brute(found[picked], found[picked], radius, True).items()
    }
    chosen = set(picked.tolist())
    assert {pair: d for pair, d in pairs.items() if chosen.issuperset(pair)} == part


@pytest.mark.parametrize("n", [400, 20_000])
def test_shares_hold_every_pair_once(n: int) -> None:
    found = hashes(np.random.default_rng(2), n, 1, 30)
    whole = as_dict(list(hamming_join(found, 6)))
    shares = [as_dict(list(hamming_join(found, 6, share=(s, 3)))) for s in range(3)]
    assert sum(len(share) for share in shares) == len(whole)
    assert shares[0] | shares[1] | shares[2] == whole


def test_equal_hashes_come_in_pieces() -> None:
    """A flood (pictures of nothing) does not take memory: a million pairs at a time."""
    pieces = [len(part.i) for part in hamming_join(np.zeros((3000, 1), np.uint64), 8)]
    assert sum(pieces) == 3000 * 2999 // 2
    assert max(pieces) <= 1 << 20


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_to_compare(n: int) -> None:
    assert as_dict(list(hamming_join(np.zeros((n, 1), np.uint64), 8))) == {}


def test_hashes_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="Cannot join"):
        list(hamming_join(np.zeros((2, 1), np.uint64), 8, np.zeros((2, 4), np.uint64)))
