"""Scores of one pair of blocks, packed: 18 bytes a match, 9 for each hundredth at which an image has more matches.

Little-endian: the number of matches, of counts and of twins (uint32 each); then matches, how many matches of an image
were left out at each level, and which images have a twin.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

MATCH = np.dtype([("a", "<u4"), ("b", "<u4"), ("cosine", "<f4"), ("ssim", "<f4"), ("distance", "u1"), ("flags", "u1")])
"""``a`` < ``b`` are rows of contents.parquet, or, in a file, places in the two blocks together: those of the second
follow those of the first. Of a search ``a`` is 0, the image that is searched for. NaN: not computed."""
OMITTED = np.dtype([("row", "<u4"), ("percent", "u1"), ("count", "<u4")])
"""``count`` matches of a row were left out that reach ``percent`` hundredths, and not one more."""

UNKNOWN = 255  # distance: not computed
MATCHES = 1  # flag: matches by the preset's own rule
TWIN = 2  # flag: equal dimensions and nearly equal hashes, so the full pixels may be equal


LEVELS = 101
"""Hundredths, 0 to 100, that a match may reach."""
_HEAD = struct.Struct("<III")


@dataclass(frozen=True, slots=True)
class Scores:
    """``matches`` has dtype MATCH, ``omitted`` OMITTED; ``twins``, uint32, have a twin, kept as a match or not."""

    matches: npt.NDArray[np.void]
    omitted: npt.NDArray[np.void] = field(default_factory=lambda: np.empty(0, OMITTED))
    twins: npt.NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, np.uint32))

    def pack(self) -> bytes:
        parts = (self.matches, self.omitted, self.twins.astype("<u4", copy=False))
        return _HEAD.pack(*map(len, parts)) + b"".join(part.tobytes() for part in parts)

    @classmethod
    def unpack(cls, packed: bytes) -> Scores:
        """Inverse of :meth:`pack`. Raises ValueError where they are torn."""
        if len(packed) < _HEAD.size:
            raise ValueError("These scores have no head.")
        matches, omitted, twins = _HEAD.unpack_from(packed)
        second = _HEAD.size + matches * MATCH.itemsize
        third = second + omitted * OMITTED.itemsize
        return cls(
            np.frombuffer(packed, MATCH, matches, _HEAD.size),
            np.frombuffer(packed, OMITTED, omitted, second),
            np.frombuffer(packed, "<u4", twins, third),
        )


def capped(
    matches: npt.NDArray[np.void],
    reach: npt.NDArray[np.float32],
    most: int,
    similarity: npt.NDArray[np.float64] | None = None,
) -> Scores:
    """Keep each match that is among the ``most`` strongest of one of its two images; count the rest.

    ``reach`` orders the matches, larger is stronger, and ``similarity`` those of equal reach; ties are broken by the
    rows, so that the outcome does not depend on the order in which they come.
    """
    if len(matches) == 0:
        return Scores(matches)
    kept = rank(matches, reach, similarity).min(axis=0) < most
    return Scores(matches[kept], _left_out(matches[~kept], reach[~kept]))


def percent(reach: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """The level of each reach in whole hundredths; what float32 has rounded down to under one counts as it."""
    level: npt.NDArray[np.uint8] = np.clip(reach * 100 + 1e-4, 0, 100).astype(np.uint8)
    return level


def counted(omitted: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """The same counts, one entry a row and level."""
    level = omitted["row"].astype(np.int64) << 8 | omitted["percent"]
    distinct, at = np.unique(level, return_inverse=True)
    found = np.empty(len(distinct), OMITTED)
    found["row"], found["percent"] = distinct >> 8, distinct & 255
    found["count"] = np.bincount(at, omitted["count"], len(distinct))
    return found


def from_counts(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.void]:
    """Entries of dtype OMITTED from a count for each row and level, (rows * LEVELS)."""
    at = np.flatnonzero(counts)
    found = np.empty(len(at), OMITTED)
    found["row"], found["percent"], found["count"] = at // LEVELS, at % LEVELS, counts[at]
    return found


def _left_out(dropped: npt.NDArray[np.void], reach: npt.NDArray[np.float32]) -> npt.NDArray[np.void]:
    every = np.empty(2 * len(dropped), OMITTED)
    every["row"] = np.concatenate([dropped["a"], dropped["b"]])
    every["percent"] = np.tile(percent(reach), 2)
    every["count"] = 1
    return counted(every)


def rank(
    matches: npt.NDArray[np.void], reach: npt.NDArray[np.float32], similarity: npt.NDArray[np.floating] | None = None
) -> npt.NDArray[np.int64]:
    """The rank of each match among all of its image ``a`` and among all of its image ``b``, 0 the strongest; (2, n).

    ``similarity`` orders those of equal reach.
    """
    image = np.concatenate([matches["a"], matches["b"]])
    other = np.concatenate([matches["b"], matches["a"]])
    place = image.astype(np.int64) << 32 | np.tile(_descending(reach), 2)  # one key for two: half the time
    order = np.lexsort((other, place) if similarity is None else (other, -np.tile(similarity, 2), place))
    ordered = image[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    first = np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    places = np.empty(len(image), np.int64)
    places[order] = np.arange(len(image)) - first
    return places.reshape(2, -1)


def _descending(reach: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Whole numbers, 0 to 2**32, that order as these do from the largest on; 0 and -0 as one."""
    bits = (reach + np.float32(0)).view(np.int32).astype(np.int64)  # as IEEE 754 has them, they order as the numbers
    ascending: npt.NDArray[np.int64] = np.where(bits < 0, -(1 << 31) - bits, bits)  # the negative ones the other way
    return (1 << 31) - ascending
