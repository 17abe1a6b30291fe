"""Scores of one pair of blocks, packed: 18 bytes a match, 9 for each hundredth at which an image has more matches.

Little-endian: number of matches (uint32), matches, then how many matches of an image were left out at each level.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MATCH = np.dtype([("a", "<u4"), ("b", "<u4"), ("cosine", "<f4"), ("ssim", "<f4"), ("distance", "u1"), ("flags", "u1")])
"""``a`` < ``b`` are rows of contents.parquet (a search: ``a`` is 0, the query). NaN: not computed."""
OMITTED = np.dtype([("row", "<u4"), ("percent", "u1"), ("count", "<u4")])
"""``count`` matches of a row were left out that reach ``percent`` hundredths, and not one more."""

MATCHES = 1  # flag: matches by the preset's own rule
TWIN = 2  # flag: equal dimensions and nearly equal hashes, so the full pixels may be equal


@dataclass(frozen=True, slots=True)
class Scores:
    """``matches`` has dtype MATCH, ``omitted`` dtype OMITTED."""

    matches: npt.NDArray[np.void]
    omitted: npt.NDArray[np.void]

    def pack(self) -> bytes:
        return struct.pack("<I", len(self.matches)) + self.matches.tobytes() + self.omitted.tobytes()

    @classmethod
    def unpack(cls, packed: bytes) -> Scores:
        (count,) = struct.unpack_from("<I", packed)
        matches = np.frombuffer(packed, MATCH, count, offset=4)
        return cls(matches, np.frombuffer(packed, OMITTED, offset=4 + matches.nbytes))


def concatenate(parts: list[Scores]) -> Scores:
    """All scores of a scan."""
    empty = [Scores(np.empty(0, MATCH), np.empty(0, OMITTED))]
    return Scores(
        np.concatenate([p.matches for p in empty + parts]), np.concatenate([p.omitted for p in empty + parts])
    )


def capped(
    matches: npt.NDArray[np.void],
    reach: npt.NDArray[np.float32],
    most: int,
    similarity: npt.NDArray[np.float64] | None = None,
) -> Scores:
    """Keep each match that is among the ``most`` strongest of one of its two images; count the rest.

    ``reach`` orders the matches, larger is stronger, and ``similarity`` those of equal reach; ties are broken by the
    rows, so that the outcome does not depend on the order in which they come. A match between twins is never dropped.
    """
    if len(matches) == 0:
        return Scores(matches, np.empty(0, OMITTED))
    rank = _rank(matches, reach, reach if similarity is None else similarity)
    kept = ((matches["flags"] & TWIN) != 0) | (rank.min(axis=0) < most)
    return Scores(matches[kept], _left_out(matches[~kept], reach[~kept]))


def counted(omitted: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """The same counts, one entry a row and level."""
    level = omitted["row"].astype(np.int64) << 8 | omitted["percent"]
    distinct, at = np.unique(level, return_inverse=True)
    found = np.empty(len(distinct), OMITTED)
    found["row"], found["percent"] = distinct >> 8, distinct & 255
    found["count"] = np.bincount(at, omitted["count"], len(distinct))
    return found


def _left_out(dropped: npt.NDArray[np.void], reach: npt.NDArray[np.float32]) -> npt.NDArray[np.void]:
    every = np.empty(2 * len(dropped), OMITTED)
    every["row"] = np.concatenate([dropped["a"], dropped["b"]])
    every["percent"] = np.tile(np.clip(reach * 100 + 1e-4, 0, 100).astype(np.uint8), 2)
    every["count"] = 1
    return counted(every)


def _rank(
    matches: npt.NDArray[np.void], reach: npt.NDArray[np.float32], similarity: npt.NDArray[np.floating]
) -> npt.NDArray[np.int64]:
    """The rank of each match among all of its image ``a`` and among all of its image ``b``, 0 the strongest; (2, n)."""
    image = np.concatenate([matches["a"], matches["b"]])
    other = np.concatenate([matches["b"], matches["a"]])
    order = np.lexsort((other, -np.tile(similarity, 2), -np.tile(reach, 2), image))
    ordered = image[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    first = np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    rank = np.empty(len(image), np.int64)
    rank[order] = np.arange(len(image)) - first
    return rank.reshape(2, -1)
