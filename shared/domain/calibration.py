"""How often a match is right, by threshold, estimated from some pairs that a person has judged.

The chance that a pair is right is modelled to rise with its reach (the highest threshold at which it matches) as a
logistic curve, P(right) = 1 / (1 + exp(-(a + b x))) with b >= 0, under weakly informative normal priors on a and b
(Gelman, Jakulin, Pittau and Su, "A weakly informative default prior distribution for logistic and other regression
models", Annals of Applied Statistics 2(4), 2008). The posterior is summed over a grid: two parameters need no sampling,
and the same answers always give the same estimate. The precision at a threshold is the mean chance of all pairs that
reach it, judged or not; its interval holds 90% of the posterior.

Invariant: the precision never falls as the threshold rises, and lies within its interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

STEP = 0.01
"""Between thresholds; pairs are counted by hundredths of their reach."""
ENOUGH = 10
"""Answers before a threshold is suggested."""
WANTED = 0.95
"""The precision that a suggested threshold is expected to have."""
_TAIL = 0.05
_CENTRE, _SCALE = 0.9, 0.05  # x is (reach - 0.9) / 0.05
_SPREAD = 3.0  # of both priors: from one in twenty to nineteen in twenty is a step of 6
_GRID = [(-9.0 + 0.3 * i, 0.3 * j) for i in range(61) for j in range(31)]


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair that somebody looked at: the highest threshold at which it matches, and whether it is one picture."""

    reach: float
    same: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """At ``threshold`` so many ``pairs`` match, and of these the fraction ``precision`` is right, with its interval."""

    threshold: float
    precision: float
    low: float
    high: float
    pairs: int


def estimates(judged: Sequence[Judged], counts: Mapping[int, int]) -> list[Estimate]:
    """One for each hundredth from the lowest with a pair on; ``counts`` are pairs by hundredths of their reach."""
    if not counts:
        return []
    steps = range(min(counts), max(counts) + 1)
    weights = _posterior(judged)
    beyond = [sum(counts.get(step, 0) for step in steps[n:]) for n in range(len(steps))]
    columns = zip(*(_precisions(a, b, steps, counts, beyond) for a, b in _GRID), strict=True)
    return [
        Estimate(step / 100, *_summary(column, weights), pairs)
        for step, column, pairs in zip(steps, columns, beyond, strict=True)
    ]


def suggested(found: Iterable[Estimate], answers: int) -> float | None:
    """The lowest threshold that is expected to be right often enough; None with too few answers, or where none is."""
    good = (one.threshold for one in found if one.precision >= WANTED)
    return min(good, default=None) if answers >= ENOUGH else None


def _posterior(judged: Sequence[Judged]) -> list[float]:
    """The weight of each point of the grid; they add up to 1."""
    logs = [_log_prior(a, b) + sum(_log_chance(a + b * _x(one.reach), one.same) for one in judged) for a, b in _GRID]
    most = max(logs)
    weights = [math.exp(log - most) for log in logs]
    total = sum(weights)
    return [weight / total for weight in weights]


def _log_prior(a: float, b: float) -> float:
    return -(a * a + b * b) / (2 * _SPREAD * _SPREAD)


def _log_chance(logit: float, same: bool) -> float:
    return -math.log1p(math.exp(-logit if same else logit))


def _x(reach: float) -> float:
    return (reach - _CENTRE) / _SCALE


def _precisions(
    a: float, b: float, steps: Sequence[int], counts: Mapping[int, int], beyond: Sequence[int]
) -> list[float]:
    """The precision at each step, if the curve had these parameters."""
    right = [counts.get(step, 0) / (1 + math.exp(-(a + b * _x(step / 100 + STEP / 2)))) for step in steps]
    sums = list(accumulate(reversed(right)))[::-1]
    return [whole / number for whole, number in zip(sums, beyond, strict=True)]


def _summary(column: Sequence[float], weights: Sequence[float]) -> tuple[float, float, float]:
    """Mean and both ends of the interval."""
    mean = sum(value * weight for value, weight in zip(column, weights, strict=True))
    ordered = sorted(zip(column, weights, strict=True))
    return mean, min(mean, _quantile(ordered, _TAIL)), max(mean, _quantile(ordered, 1 - _TAIL))


def _quantile(ordered: Sequence[tuple[float, float]], share: float) -> float:
    passed = 0.0
    for value, weight in ordered:
        passed += weight
        if passed >= share:
            return value
    return ordered[-1][0]
