"""Which folders hold the same pictures: for each two, how many of the one are alike with something of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

MOST_FOLDERS = 64
"""A group that is spread over more folders (a blank page, a logo) says little about any two, and is passed over."""
Folder = tuple[str, bytes]
"""A library's id and a path in it; pictures directly in it count, not those below."""


@dataclass(slots=True)
class Overlap:
    """Pictures of a folder that are in groups with something of another, their bytes, and those groups."""

    images: int = 0
    size: int = 0
    groups: int = 0


@dataclass(frozen=True, slots=True)
class Side:
    """``images`` (``size`` bytes) of the ``total`` pictures directly in a folder are in the other folder too."""

    folder: Folder
    images: int
    total: int
    size: int


@dataclass(frozen=True, slots=True)
class FolderPair:
    """Two folders; the one of which more is in the other comes first. ``groups`` lie between them."""

    one: Side
    other: Side
    groups: int


def count(
    groups: Iterable[Iterable[tuple[str, bytes, int]]],
) -> tuple[dict[Folder, int], dict[tuple[Folder, Folder], Overlap]]:
    """From each group's members (library, folder, size in bytes): groups by folder, and overlaps in both directions."""
    folders: dict[Folder, int] = defaultdict(int)
    pairs: dict[tuple[Folder, Folder], Overlap] = defaultdict(Overlap)
    for members in groups:
        sizes: dict[Folder, list[int]] = defaultdict(list)
        for library, path, size in members:
            sizes[library, path].append(size)
        for folder in sizes:
            folders[folder] += 1
        if len(sizes) <= MOST_FOLDERS:
            _add(sizes, pairs)
    return folders, pairs


def _add(sizes: dict[Folder, list[int]], pairs: dict[tuple[Folder, Folder], Overlap]) -> None:
    for one, found in sizes.items():
        for other in sizes:
            if one != other:
                overlap = pairs[one, other]
                overlap.images += len(found)
                overlap.size += sum(found)
                overlap.groups += 1
