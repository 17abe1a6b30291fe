"""Kinds: images of equal hash and dimensions. Of a flood, pairs of kinds are compared, not of images.

All images of a kind have the same matches by their hash, and those of another kind are told apart by their number
alone. So the strongest of each image are those of its kind, and the rest is counted. Invariant: kept and counted is
what :class:`~workers.stages.best.Best` makes of every pair of images.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from workers import scores
from workers.scores import LEVELS, MATCH, TWIN, Scores
from workers.stages.best import Best

Ints = NDArray[np.int64]
Found = tuple[NDArray[np.void], NDArray[np.float32]]
"""Matches of dtype MATCH, and how far each reaches."""

_LISTED = np.dtype(
    [("kind", "<i8"), ("other", "<i8"), ("reach", "<f4"), ("distance", "u1"), ("flags", "u1")]  # other: kind, or image
)


@dataclass(frozen=True)
class Kinds:
    """The kind of each image, int64 (images); kinds are numbered by their first image. ``same``: of one block."""

    of: Ints
    same: bool

    @classmethod
    def among(cls, blocks: Iterable[tuple[NDArray[np.uint64], Ints]]) -> Kinds:
        """Of the images of one or two blocks: hashes (n) and sides (n, 2); a kind has images of one block only."""
        parts: list[Ints] = []
        for hashes, sides in blocks:
            start = parts[-1].max(initial=-1) + 1 if parts else 0
            parts.append(start + _numbered(hashes, sides[:, 0] << 32 | sides[:, 1]))
        return cls(np.concatenate(parts), len(parts) == 1)

    @cached_property
    def counts(self) -> Ints:
        """How many images are of each."""
        return np.bincount(self.of)

    @cached_property
    def images(self) -> Ints:
        """The images kind by kind, in their order."""
        return np.argsort(self.of, kind="stable")

    @cached_property
    def starts(self) -> Ints:
        """Where in ``images`` those of each kind begin."""
        return np.cumsum(self.counts) - self.counts

    @property
    def pay(self) -> bool:
        """Whether there are few enough to be worth while."""
        return 2 * len(self.counts) <= len(self.of)


def _numbered(hashes: NDArray[np.uint64], sides: Ints) -> Ints:
    order = np.lexsort((sides, hashes))  # stable: the first image of a kind comes first
    new = np.r_[True, (np.diff(hashes[order]) != 0) | (np.diff(sides[order]) != 0)][: len(order)]
    first = order[new]
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    kinds = np.empty(len(order), np.int64)
    kinds[order] = number[np.cumsum(new) - 1]
    return kinds


def strongest(kinds: Kinds, found: Iterable[Found], most: int, flooded: int) -> tuple[Scores, NDArray[np.float32]]:
    """The strongest matches of each image by those of the kinds, and their reach; as ``Best.ended(flooded)``.

    ``found`` are the matches between two kinds; those within a kind are added here.
    """
    best, totals = Best(len(kinds.counts), most + 1), np.zeros(len(kinds.counts) * LEVELS)
    for matches, reach in found:
        best.add(matches, reach)
        for one, other in (("a", "b"), ("b", "a")):
            level = matches[one].astype(np.int64) * LEVELS + scores.percent(reach)
            totals += np.bincount(level, kinds.counts[matches[other]], len(totals))
    if kinds.same:
        totals[LEVELS - 1 :: LEVELS] += kinds.counts - 1
    kept, reach = best.ended(most + 1)
    more = totals.reshape(-1, LEVELS).sum(axis=1) > most
    limit = np.where(more, min(flooded, most), most)
    matches, reach = _pairs(kinds, _listed(kinds, _both_ways(kinds, kept.matches, reach), limit), limit)
    left_out = totals.astype(np.int64).reshape(-1, LEVELS)[kinds.of].reshape(-1)
    for end in ("a", "b"):
        level = matches[end].astype(np.int64) * LEVELS + scores.percent(reach)
        left_out -= np.bincount(level, minlength=len(left_out))
    return Scores(matches, scores.from_counts(left_out)), reach


def _both_ways(kinds: Kinds, matches: NDArray[np.void], reach: NDArray[np.float32]) -> NDArray[np.void]:
    """For each kind the kinds that it matches, itself among them where several images of a block are of it."""
    itself = np.flatnonzero(kinds.counts > 1) if kinds.same else np.empty(0, np.int64)
    listed = np.zeros(2 * len(matches) + len(itself), _LISTED)
    listed["kind"] = np.concatenate([matches["a"], matches["b"], itself])
    listed["other"] = np.concatenate([matches["b"], matches["a"], itself])
    listed["reach"] = np.concatenate([reach, reach, np.ones(len(itself), np.float32)])
    listed["distance"][: 2 * len(matches)] = np.tile(matches["distance"], 2)
    listed["flags"] = np.concatenate([matches["flags"], matches["flags"], np.full(len(itself), TWIN, np.uint8)])
    return listed


def _listed(kinds: Kinds, listed: NDArray[np.void], limit: Ints) -> NDArray[np.void]:
    """For each kind the strongest images, one more than its limit, since an image does not match itself.

    No image beyond the first so many kinds can be one of them, nor one beyond the first so many of its kind.
    """
    some = _foremost(listed, limit)
    each = np.minimum(kinds.counts[some["other"]], limit[some["kind"]] + 1)
    images = np.repeat(some, each)
    images["other"] = kinds.images[np.repeat(kinds.starts[some["other"]], each) + _counting(each)]
    return _foremost(images, limit)


def _foremost(listed: NDArray[np.void], limit: Ints) -> NDArray[np.void]:
    ordered = listed[np.lexsort((listed["other"], -listed["reach"], listed["kind"]))]
    counts = np.bincount(ordered["kind"], minlength=len(limit))
    kept: NDArray[np.void] = ordered[_counting(counts) <= limit[ordered["kind"]]]
    return kept


def _pairs(kinds: Kinds, listed: NDArray[np.void], limit: Ints) -> Found:
    """The matches of all images: each with those that are listed for its kind, up to its limit; each pair once."""
    counts = np.bincount(listed["kind"], minlength=len(limit))
    each = counts[kinds.of]
    image = np.repeat(np.arange(len(kinds.of)), each)
    theirs = listed[np.repeat((np.cumsum(counts) - counts)[kinds.of], each) + _counting(each)]
    others = theirs["other"] != image
    image, theirs = image[others], theirs[others]
    within = _counting(np.bincount(image, minlength=len(kinds.of))) < limit[theirs["kind"]]
    image, theirs = image[within], theirs[within]
    keys = np.minimum(image, theirs["other"]) << 32 | np.maximum(image, theirs["other"])
    keys, first = np.unique(keys, return_index=True)
    matches = np.zeros(len(keys), MATCH)
    matches["a"], matches["b"] = keys >> 32, keys & 0xFFFFFFFF
    matches["cosine"] = matches["ssim"] = np.nan
    matches["distance"], matches["flags"] = theirs["distance"][first], theirs["flags"][first]
    return matches, theirs["reach"][first]


def _counting(each: Ints) -> Ints:
    """0, 1, … for each of some groups: of as many numbers as ``each`` says."""
    return np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
