"""Cutting work into units: files into chunks, contents into blocks, blocks into pairs of blocks.

Invariant: every unordered pair of contents falls into exactly one pair of blocks.
"""

from __future__ import annotations

import math

NOMINATED_AT_ONCE = 512
"""Contents of a unit that looks for candidates."""


def chunk_count(items: int, size: int) -> int:
    """Number of chunks (or blocks) of ``size`` that hold ``items``."""
    return -(-items // size)


def chunk_range(number: int, items: int, size: int) -> range:
    """The items of chunk ``number``; the last chunk may be short."""
    return range(number * size, min((number + 1) * size, items))


def chunk_size(items: int, largest: int, smallest: int = 8, multiple: int = 1) -> int:
    """A size that cuts few items finely enough for progress to be seen, and many into ``largest``.

    It is rounded up to a ``multiple``, of what is worked on at once.
    """
    size = max(1, min(largest, max(smallest, -(-items // 20))))
    return multiple * -(-size // multiple)


def block_size(items: int, largest: int, smallest: int = 1024, blocks: int = 6) -> int:
    """A size of blocks that gives several workers work and lets progress be seen, also where there are few items."""
    return max(1, min(largest, max(smallest, -(-items // blocks))))


def pair_count(blocks: int) -> int:
    """Number of unordered pairs of blocks, a block with itself included."""
    return blocks * (blocks + 1) // 2


def block_pair(number: int) -> tuple[int, int]:
    """Blocks (i, j), i <= j, of pair ``number``, row by row of the lower triangle.

    Consecutive numbers share block j, so that a worker that keeps its last blocks re-reads few.
    """
    j = (math.isqrt(8 * number + 1) - 1) // 2
    return number - j * (j + 1) // 2, j
