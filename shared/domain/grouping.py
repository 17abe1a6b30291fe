"""Groups that cannot chain: every member matches its keeper.

First the keepers: in order of rank, whatever matches no keeper yet becomes one, so that every item is a keeper
or matches one. Then each other item joins the keeper that it matches best, not the first that it matches: a weak
match must not tear an item from its true copy. Last, each group is kept by the best of those that match
all others in it. A~B~C with A unlike C therefore never puts A and C together, and what depends on the order
of ``ranked`` and ``matches`` alone never depends on the order in which matches were found.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


def stars(ranked: Sequence[Item], matches: Mapping[Item, Sequence[Item]]) -> list[tuple[Item, list[Item]]]:
    """Group ``ranked`` (best first) by ``matches`` (symmetric, the best match of each item first).

    Returns (keeper, members) of every group of two or more, both in order of rank.
    """
    members = _joined(ranked, matches)
    rank = {item: place for place, item in enumerate(ranked)}
    groups = [_kept([keeper, *joined], matches, rank) for keeper, joined in members.items() if joined]
    return sorted(groups, key=lambda group: rank[group[0]])


def _joined(ranked: Sequence[Item], matches: Mapping[Item, Sequence[Item]]) -> dict[Item, list[Item]]:
    """Every keeper and the items that join it."""
    members: dict[Item, list[Item]] = {}
    for item in ranked:
        if members.keys().isdisjoint(matches.get(item, ())):
            members[item] = []
    for item in ranked:
        if item not in members:
            members[next(other for other in matches[item] if other in members)].append(item)
    return members


def _kept(
    group: list[Item], matches: Mapping[Item, Sequence[Item]], rank: Mapping[Item, int]
) -> tuple[Item, list[Item]]:
    """The best of those that match all others, and the others."""
    group.sort(key=rank.__getitem__)
    everybody = frozenset(group)
    keeper = next(item for item in group if _matches_all(item, everybody, matches[item]))
    return keeper, [item for item in group if item != keeper]


def _matches_all(item: Item, everybody: frozenset[Item], matched: Sequence[Item]) -> bool:
    return len(matched) >= len(everybody) - 1 and everybody <= {item, *matched}
