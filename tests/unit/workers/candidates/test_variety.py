"""Of the copies of one picture a few are asked first, and nobody is dropped."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workers.candidates.nominees import NOMINEE, Nominees
from workers.candidates.variety import ALIKE, varied

BITS = 10
PICTURES = np.random.default_rng(5).integers(0, 1 << 63, (40, 8), np.uint64)


def nominees(*others: int) -> Nominees:
    return np.array([(0, other, place) for place, other in enumerate(others)], NOMINEE)


def asked(shows: list[int], me: int = 39) -> list[int]:
    """The places of nominees that show these pictures, in the order in which they are asked."""
    found = nominees(*range(len(shows)))
    early = varied(found, np.full(len(shows), PICTURES[me, 0]), PICTURES[shows], BITS)
    return np.argsort(-early, kind="stable").tolist()


def test_others_come_before_the_fourth_copy_of_one_picture() -> None:
    assert asked([1, 1, 1, 1, 1, 2, 3]) == [0, 1, 2, 5, 6, 3, 4]


def test_copies_of_the_one_who_asks_come_last() -> None:
    assert asked([7, 1, 7, 2], me=7) == [1, 3, 0, 2]


def test_turned_copies_are_copies() -> None:
    found = nominees(0, 1, 2, 3, 4)
    turned = PICTURES[[1, 1, 1, 1, 2]]
    turned[3] = np.roll(turned[3], 3)
    early = varied(found, PICTURES[[39] * 5, 0], turned, BITS)
    assert np.argsort(-early).tolist() == [0, 1, 2, 4, 3]


@given(st.lists(st.integers(0, 5), max_size=30))
def test_all_are_asked_and_the_strongest_of_each_picture_in_their_order(shows: list[int]) -> None:
    order = asked(shows) if shows else []
    assert sorted(order) == list(range(len(shows)))
    first = [place for place in range(len(shows)) if shows[:place].count(shows[place]) < ALIKE]
    assert order[: len(first)] == first
