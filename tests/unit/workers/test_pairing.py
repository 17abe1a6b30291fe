"""Which pairs of a family are looked at beside those that were nominated."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.model import Kind
from workers import proofs
from workers.proof.records import KINDS, PROOF, Proofs
from workers.stages.pairing import ALL_PAIRS_UP_TO, missing

Pairs = list[tuple[int, int]]


def proven(pairs: Pairs, kind: Kind = Kind.RESIZED) -> Proofs:
    found = np.zeros(len(pairs), PROOF)
    for at, (a, b) in enumerate(pairs):
        found[at]["a"], found[at]["b"], found[at]["kind"] = a, b, KINDS.index(kind)
    return found


def looked_at(pairs: Pairs) -> np.ndarray:
    return np.array(sorted(pairs), proofs.PAIR)


def chosen(found: Proofs, pairs: Pairs) -> Pairs:
    a, b = missing(found, looked_at(pairs))
    return list(zip(a.tolist(), b.tolist(), strict=True))


def test_all_pairs_of_those_that_matches_join_are_looked_at_once() -> None:
    chain: Pairs = [(0, 1), (1, 2), (2, 3)]
    assert chosen(proven(chain), [*chain, (0, 3)]) == [(0, 2), (1, 3)]


def test_what_contains_one_of_a_family_is_laid_on_all_of_it_and_joins_no_two_families() -> None:
    families: Pairs = [(0, 1), (1, 2), (0, 2), (4, 5), (4, 6), (5, 6)]
    collage: Pairs = [(1, 3), (3, 5)]
    found = np.concatenate([proven(families), proven(collage, Kind.CONTAINED)])
    assert chosen(found, families + collage) == [(0, 3), (2, 3), (3, 4), (3, 6)]


def test_a_collage_that_looks_cut_out_is_laid_on_all_of_each_family_however_large_they_are_together() -> None:
    size, families = 40, []
    for first in (0, size):
        families += [(first, first + n) for n in range(1, size)]
    collage: Pairs = [(size - 1, 2 * size), (2 * size - 1, 2 * size)]
    found = np.concatenate([proven(families), proven(collage, Kind.CROPPED)])
    new = chosen(found, families + collage)
    assert {a for a, b in new if b == 2 * size} == set(range(2 * size)) - {size - 1, 2 * size - 1}


def test_bursts_and_look_alikes_join_nothing() -> None:
    pairs: Pairs = [(0, 1), (1, 2)]
    assert chosen(proven(pairs, Kind.BURST), pairs) == chosen(proven(pairs, Kind.LOOK_ALIKE), pairs) == []


def test_of_a_large_family_each_is_laid_on_those_that_match_the_most() -> None:
    star: Pairs = [(0, other) for other in range(1, 400)]
    found = chosen(proven(star), star)
    assert len(found) < 400 * ALL_PAIRS_UP_TO
    assert {row for pair in found for row in pair} == set(range(1, 400))


@given(st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda pair: pair[0] < pair[1]), min_size=1))
def test_no_pair_is_looked_at_twice_and_the_smaller_row_comes_first(pairs: set[tuple[int, int]]) -> None:
    half = sorted(pairs)[::2]
    found = np.concatenate([proven(half), proven(sorted(pairs - set(half)), Kind.CONTAINED)])
    new = chosen(found, sorted(pairs))
    assert len(set(new)) == len(new)
    assert all(a < b for a, b in new)
    assert not set(new) & pairs
