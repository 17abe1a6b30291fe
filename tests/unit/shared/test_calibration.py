"""Precision by threshold from a few judged pairs: monotone, honest about what is not known, right about what is."""

from __future__ import annotations

import math
import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.calibration import ENOUGH, Judged, estimates, suggested

COUNTS = {step: 200 - 5 * (step - 80) for step in range(80, 100)}
JUDGED = st.lists(st.builds(Judged, st.floats(0.8, 1.0), st.booleans()), max_size=25)


@settings(max_examples=15, deadline=None)
@given(JUDGED, st.dictionaries(st.integers(0, 100), st.integers(1, 10_000), min_size=1, max_size=8))
def test_precision_rises_with_the_threshold_and_lies_in_its_interval(
    judged: list[Judged], counts: dict[int, int]
) -> None:
    found = estimates(judged, counts)
    assert found[0].pairs == sum(counts.values())
    for one in found:
        assert 0 <= one.low <= one.precision <= one.high <= 1
    for lower, higher in pairwise(found):
        assert lower.precision <= higher.precision + 1e-9
        assert lower.pairs >= higher.pairs


def test_nothing_is_known_without_answers_and_more_with_more() -> None:
    widths = []
    for answers in (0, 10, 40):
        found = estimates([Judged(0.8 + n % 20 / 100, n % 20 > 5) for n in range(answers)], COUNTS)
        widths.append(found[5].high - found[5].low)
    assert widths[0] > 0.8
    assert widths[0] > widths[1] > widths[2]


def test_a_threshold_is_suggested_where_wrong_pairs_end() -> None:
    judged = [Judged(0.8 + n / 200, n >= 16) for n in range(40)]  # wrong below 0.88, right from there on
    found = suggested(estimates(judged, COUNTS), len(judged))
    assert found is not None
    assert 0.86 <= found <= 0.91


def test_too_few_answers_or_only_wrong_ones_suggest_nothing() -> None:
    few = [Judged(0.95, True)] * (ENOUGH - 1)
    assert suggested(estimates(few, COUNTS), len(few)) is None
    wrong = [Judged(0.9, False)] * 20
    assert suggested(estimates(wrong, COUNTS), len(wrong)) is None


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance, held = random.Random(5), 0
    rounds = 40
    for _ in range(rounds):
        middle, slope = chance.uniform(0.8, 0.92), chance.uniform(40, 120)

        def right(reach: float, middle: float = middle, slope: float = slope) -> float:
            return 1 / (1 + math.exp(-slope * (reach - middle)))

        asked = [chance.uniform(0.85, 0.95) for _ in range(20)]
        judged = [Judged(reach, chance.random() < right(reach)) for reach in asked]
        at = next(one for one in estimates(judged, COUNTS) if one.threshold == 0.9)
        steps = range(90, 100)
        truth = sum(COUNTS[s] * right(s / 100 + 0.005) for s in steps) / sum(COUNTS[s] for s in steps)
        held += at.low - 0.01 <= truth <= at.high + 0.01
    assert held >= 0.85 * rounds


def test_no_pairs_are_no_estimates() -> None:
    assert estimates([Judged(0.9, True)], {}) == []
