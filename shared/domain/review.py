"""How a review looks at groups: what it sorts by, what it shows, and what has been decided about pairs.

Invariant: a pair is known by the digests of its contents in ascending order, so that a decision outlives moves,
renames and rescans, and does not depend on which of the two was on the left.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.model import Kind
from shared.domain.scan import Folder

LOSSLESS = frozenset({"PNG", "TIFF", "BMP", "DIB", "PPM", "QOI", "PCX", "TGA", "RAW"})
"""Formats that lose nothing; those that may or may not (WebP, HEIF, AVIF, JPEG XL, GIF) do not count."""


class Sort(StrEnum):
    """What groups are sorted by, the most first."""

    FREED = "freed"  # bytes freed when all but the keeper go
    SIMILARITY = "similarity"  # the lowest in the group
    SIZE = "size"  # bytes of all members together
    DATE = "date"  # the newest change of a member


class Show(StrEnum):
    """Which groups by what has been decided: a group of which all pairs have verdicts is shown as decided only."""

    OPEN = "open"  # with at least one pair that has no verdict
    UNDECIDED = "undecided"  # of these, the ones that nothing was moved out of either
    DECIDED = "decided"  # the others


@dataclass(frozen=True, slots=True)
class Between:
    """Groups with pictures directly in both of two folders, of which one is to be cleared of what the other has."""

    keep: Folder
    clear: Folder


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """Which groups are wanted; None does not restrict. ``folder`` is a folder of ``library``, all below it included.

    A group is in a folder, or of a format, when at least one of its members is.
    """

    show: Show = Show.OPEN
    kind: Kind | None = None
    library: str | None = None
    folder: bytes = b""
    least: float = 0.0
    most: float = 1.0
    format: str | None = None
    between: Between | None = None


class Verdict(StrEnum):
    """What a person decided about two contents."""

    DUPLICATES = "duplicates"  # the same picture, and both are wanted where they are
    VARIANTS = "variants"  # edits or sizes of one picture, both wanted
    BURST = "burst"  # shots of one moment
    UNRELATED = "unrelated"  # not the same picture at all


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict on two contents (SHA-256 in hexadecimal, ``a <= b``), the names they had, and when (epoch seconds)."""

    a: str
    b: str
    verdict: Verdict
    names: tuple[str, str]
    decided: float


def digest_pair(one: str, other: str) -> tuple[str, str]:
    """Two digests in ascending order."""
    return (one, other) if one <= other else (other, one)
