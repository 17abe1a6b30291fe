"""Whether a picture is a marked copy or another shot is asked of all of its copies."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.model import Kind
from workers.proof.consensus import settled
from workers.proof.records import KINDS, PROOF, Proofs

OPEN = (Kind.OVERLAY, Kind.BURST)


def proofs(*some: tuple[int, int, Kind, float]) -> Proofs:
    made = np.zeros(len(some), PROOF)
    for row, (a, b, kind, chance) in zip(made, some, strict=True):
        row["a"], row["b"], row["kind"], row["confidence"] = a, b, KINDS.index(kind), chance
        row["proven"] = kind not in OPEN
    return made


def kinds(found: Proofs) -> list[Kind]:
    return [KINDS[kind] for kind in found["kind"]]


COPIES = [(0, 1, Kind.RESIZED, 0.99), (1, 2, Kind.RE_ENCODED, 0.99), (2, 3, Kind.COLOUR, 0.99)]


def test_one_copy_that_is_taken_in_is_overruled_by_the_others() -> None:
    found = settled(proofs(*COPIES, *((n, 9, Kind.BURST, 0.2) for n in range(3)), (3, 9, Kind.OVERLAY, 0.9)))
    assert kinds(found[3:]) == [Kind.BURST] * 4
    assert np.allclose(found["confidence"][3:], 0.2)


def test_copies_that_each_doubt_a_little_are_sure_enough_together() -> None:
    found = settled(proofs(*COPIES, *((n, 9, Kind.BURST, 0.62) for n in range(4))))
    assert kinds(found[3:]) == [Kind.OVERLAY] * 4


def test_two_marked_copies_are_one_picture_because_both_are_one_with_the_copies() -> None:
    marked = [(n, m, Kind.OVERLAY, 0.8) for n in range(4) for m in (8, 9)]
    found = settled(proofs(*COPIES, *marked, (8, 9, Kind.BURST, 0.01)))
    assert kinds(found)[-1] is Kind.OVERLAY
    another = [(n, 8, Kind.OVERLAY, 0.8) for n in range(4)] + [(n, 9, Kind.BURST, 0.1) for n in range(4)]
    found = settled(proofs(*COPIES, *another, (8, 9, Kind.OVERLAY, 0.9)))
    assert kinds(found)[-1] is Kind.BURST


def test_a_single_pair_stands_as_it_was_told() -> None:
    alone = proofs((0, 1, Kind.OVERLAY, 0.7), (2, 3, Kind.BURST, 0.6), (4, 5, Kind.OVERLAY, 0.4))
    assert np.array_equal(settled(alone), alone)
    assert len(settled(proofs())) == 0


PAIRS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(9, 17), st.sampled_from(list(Kind)), st.floats(0, 1, width=32)),
    max_size=40,
    unique_by=lambda pair: pair[:2],
)


@given(PAIRS, st.randoms())
@settings(max_examples=100, deadline=None)
def test_nothing_but_that_question_is_touched_whatever_the_order(
    some: list[tuple[int, int, Kind, float]], random: Random
) -> None:
    before = proofs(*some)
    after = settled(before)
    closed = ~np.isin(before["kind"], [KINDS.index(kind) for kind in OPEN])
    assert np.array_equal(after[closed], before[closed])
    assert np.isin(after["kind"][~closed], [KINDS.index(kind) for kind in OPEN]).all()
    order = list(range(len(some)))
    random.shuffle(order)
    assert np.array_equal(settled(before[order]), after[order])
