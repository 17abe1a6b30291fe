"""Who keeps a family in which some files are damaged."""

from __future__ import annotations

import itertools

from shared.domain.groups import rank
from shared.domain.model import Alignment, Image, Kind, Signals, Tier
from workers.stages.families import families

ALL = Alignment(60, shown=1.0, shows=1.0, finer=1.0, mirrored=False, matrix=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
REST = Signals(0.99, Kind.DAMAGED, tier=Tier.PROVEN, confidence=0.99, alignment=ALL)


def image(row: int, side: int, damaged: bool) -> Image:
    return Image(str(row), "lib", str(row).encode(), 100, 5, str(row), side, side, "JPEG", damaged=damaged)


def kept(images: dict[int, Image], matches: list[tuple[int, int]], reference: tuple[int, ...] = ()) -> list[object]:
    ranked = sorted(images, key=lambda row: (row not in reference, *rank(images[row])))
    return [*families(ranked, dict.fromkeys(matches, REST), images, reference)]


def test_the_whole_keeps_its_family_however_small_it_is() -> None:
    images = {0: image(0, 900, True), 1: image(1, 800, True), 2: image(2, 100, False)}
    assert kept(images, [*itertools.combinations(range(3), 2)]) == [(2, [0, 1])]


def test_a_damaged_picture_that_more_match_does_not_take_the_family_from_the_whole() -> None:
    images = {row: image(row, 900 - row, damaged=row != 3) for row in range(4)}
    assert kept(images, [(0, 1), (0, 2), (0, 3), (1, 3)])[0] == (3, [0, 1])


def test_where_all_are_damaged_the_largest_part_keeps() -> None:
    images = {row: image(row, 900 + row, True) for row in range(3)}
    assert kept(images, [*itertools.combinations(range(3), 2)]) == [(2, [1, 0])]


def test_a_damaged_picture_of_a_reference_folder_keeps() -> None:
    images = {0: image(0, 900, True), 1: image(1, 900, False)}
    assert kept(images, [(0, 1)], reference=(0,)) == [(0, [1])]
