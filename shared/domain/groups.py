"""From matches between contents to groups of files: who stays, who may go, how many bytes that frees.

A content is held by one or more files. Contents are grouped by :mod:`shared.domain.grouping`; the files that hold an
equal content go with it. Invariant: what is formed depends on the arguments alone, however they were found; so the same
groups come of the same matches whether a worker forms them after a scan or a page at another threshold.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from shared.domain.grouping import stars
from shared.domain.model import Image

Item = TypeVar("Item", bound=Hashable)


class Copy(NamedTuple):
    """A file that holds a content. Names of one file (hard links) have the same ``file``; ``size`` is in bytes."""

    image: str
    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Formed(Generic[Item]):
    """A group of contents: the keeper's, those of the other members by rank, and the bytes freed when all but it go."""

    keeper: Item
    members: tuple[Item, ...]
    freed: int


def rank(image: Image) -> tuple[object, ...]:
    """Sorts the copy to keep first: whole ones, then most pixels, most bytes, the oldest, the shortest path."""
    return (
        image.damaged,
        -image.width * image.height,
        -image.size,
        image.mtime_ns,
        len(image.path),
        image.library,
        image.path,
    )


def form(
    ranked: Sequence[Item], matches: Mapping[Item, Sequence[Item]], copies: Mapping[Item, Sequence[Copy]]
) -> list[Formed[Item]]:
    """Groups of two files or more, the most bytes freed first.

    Args:
        ranked: contents, the one to keep first.
        matches: symmetric; the contents that each matches, the best match first, of equal ones that of better rank.
        copies: the files of each content, the one to keep first.
    """
    return listed(stars(ranked, matches), ranked, copies)


def listed(
    found: Iterable[tuple[Item, Sequence[Item]]], ranked: Sequence[Item], copies: Mapping[Item, Sequence[Copy]]
) -> list[Formed[Item]]:
    """Groups of contents (keeper, members), and those of files that hold one content, the most bytes freed first."""
    found = list(found)
    taken = {item for keeper, members in found for item in (keeper, *members)}
    found += [(item, []) for item in ranked if item not in taken and len(copies[item]) > 1]
    formed = [Formed(keeper, tuple(members), _freed(keeper, members, copies)) for keeper, members in found]
    place = {item: number for number, item in enumerate(ranked)}
    return sorted(formed, key=lambda group: (-group.freed, place[group.keeper]))


def neighbours(matches: Iterable[tuple[Item, Item]]) -> dict[Item, list[Item]]:
    """The contents that each matches, the best match first, from matches that come best first, once each."""
    found: dict[Item, list[Item]] = {}
    for a, b in matches:
        found.setdefault(a, []).append(b)
        found.setdefault(b, []).append(a)
    return found


def _freed(keeper: Item, members: Iterable[Item], copies: Mapping[Item, Sequence[Copy]]) -> int:
    """Bytes that go when all but the keeper go; names of one file count once, the keeper's not at all."""
    best = copies[keeper][0]
    sizes = {copy.file: copy.size for item in (keeper, *members) for copy in copies[item]}
    return sum(size for file, size in sizes.items() if file != best.file)
