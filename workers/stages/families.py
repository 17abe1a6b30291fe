"""Families: the groups of a scan that proves its matches.

Those who show one picture come first. What contains a picture of a group (a collage, a screenshot) is listed with it,
for people to see. What is left, other shots and look-alikes, forms groups of its own, so that it never hides among
copies.

Invariant: whoever is listed matches the keeper itself; nobody is in two groups; a collage joins no two families.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from shared.domain.alignment import flipped
from shared.domain.grouping import stars
from shared.domain.model import SAME_PICTURE, Image, Kind, Signals
from shared.domain.proposals import proposable
from workers.stages.neighbours import Neighbours

Matches = Mapping[tuple[int, int], Signals]
"""Signals by (row, row) of contents, the smaller row first."""

Groups = list[tuple[int, list[int]]]


def families(
    ranked: Sequence[int], matches: Matches, images: Mapping[int, Image], reference: Collection[int] = ()
) -> Groups:
    """(keeper, members) of every group; ``ranked`` are all contents, the best to keep first, and those of the
    ``reference`` before all others: where a group has one, one of them keeps it."""
    same = {pair: signals for pair, signals in matches.items() if signals.kind in SAME_PICTURE}
    groups = [_kept(group, matches, images, reference) for group in stars(ranked, _neighbours(same, ranked))]
    taken = {row for keeper, members in groups for row in (keeper, *members)}
    groups = _with_containers(groups, matches, taken)
    taken = {row for keeper, members in groups for row in (keeper, *members)}
    rest = {pair: signals for pair, signals in matches.items() if not taken & set(pair)}
    return groups + stars([row for row in ranked if row not in taken], _neighbours(rest, ranked))


def _neighbours(matches: Matches, ranked: Sequence[int]) -> Neighbours:
    a, b = (np.array([pair[side] for pair in matches], np.int64) for side in (0, 1))
    return Neighbours(a, b, np.array([signals.similarity for signals in matches.values()], np.float64), ranked)


def between(matches: Matches, keeper: int, member: int, kept: Image, other: Image) -> Signals:
    """How a member matches its keeper."""
    if keeper < member:
        return matches[keeper, member]
    return flipped(matches[member, keeper], other, kept)


def _kept(
    group: tuple[int, list[int]], matches: Matches, images: Mapping[int, Image], reference: Collection[int]
) -> tuple[int, list[int]]:
    """The group kept by the one because of which the most others may go; the best ranked of several."""
    everybody = [group[0], *group[1]]

    def gone(keeper: int) -> int:
        others = [row for row in everybody if row != keeper]
        if any((min(keeper, row), max(keeper, row)) not in matches for row in others):
            return -1
        found = (between(matches, keeper, row, images[keeper], images[row]) for row in others)
        if any(signals.kind not in SAME_PICTURE for signals in found):
            return -1
        if images[keeper].damaged:
            return 0
        return sum(proposable(between(matches, keeper, row, images[keeper], images[row])) for row in others)

    eligible = [row for row in everybody if row in reference] or everybody
    keeper = max(eligible, key=gone)  # the first of equals, and they are ranked
    return keeper, [row for row in everybody if row != keeper]


def _with_containers(groups: Groups, matches: Matches, taken: set[int]) -> Groups:
    """Each picture that is in no group, and contains a keeper or is contained in it, with the keeper it fits best."""
    group_of = {keeper: place for place, (keeper, _) in enumerate(groups)}
    joining: dict[int, tuple[float, int]] = {}
    for (a, b), signals in matches.items():
        if signals.kind is not Kind.CONTAINED:
            continue
        for keeper, other in ((a, b), (b, a)):
            if keeper in group_of and other not in taken:
                joining[other] = max(joining.get(other, (-1.0, -1)), (signals.similarity, -group_of[keeper]))
    found = [(keeper, list(members)) for keeper, members in groups]
    for other, (_, place) in sorted(joining.items()):
        found[-place][1].append(other)
    return found
