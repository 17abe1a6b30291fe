"""Scores of one pair of blocks, packed into one value of Redis: 18 bytes a match, 8 an image with more matches.

Little-endian: number of matches (uint32), matches, then (row, omitted) of each image whose matches were capped.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MATCH = np.dtype([("a", "<u4"), ("b", "<u4"), ("cosine", "<f4"), ("ssim", "<f4"), ("distance", "u1"), ("flags", "u1")])
"""``a`` < ``b`` are rows of contents.parquet (a search: ``a`` is 0, the query). NaN: not computed."""
OMITTED = np.dtype([("row", "<u4"), ("count", "<u4")])

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


def capped(matches: npt.NDArray[np.void], strength: npt.NDArray[np.float32], most: int) -> Scores:
    """Keep each match that is among the ``most`` strongest of one of its two images; count the rest.

    ``strength`` orders the matches, larger is stronger; ties are broken by the rows, so that the outcome
    does not depend on the order in which they come. A match between twins is never dropped.
    """
    if len(matches) == 0:
        return Scores(matches, np.empty(0, OMITTED))
    rank = _rank(matches, strength)
    kept = ((matches["flags"] & TWIN) != 0) | (rank.min(axis=0) < most)
    dropped = matches[~kept]
    rows, counts = np.unique(np.concatenate([dropped["a"], dropped["b"]]), return_counts=True)
    omitted = np.empty(len(rows), OMITTED)
    omitted["row"], omitted["count"] = rows, counts
    return Scores(matches[kept], omitted)


def _rank(matches: npt.NDArray[np.void], strength: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The rank of each match among all of its image ``a`` and among all of its image ``b``, 0 the strongest; (2, n)."""
    image = np.concatenate([matches["a"], matches["b"]])
    other = np.concatenate([matches["b"], matches["a"]])
    order = np.lexsort((other, -np.tile(strength, 2), image))
    ordered = image[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    first = np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    rank = np.empty(len(image), np.int64)
    rank[order] = np.arange(len(image)) - first
    return rank.reshape(2, -1)
