"""The Hamming join: every pair of hashes within a distance, by multi-index hashing.

Cut each hash into m parts and give part p a radius r_p so that the sum of (r_p + 1) is r + 1: two hashes within r
of one another are within r_p of one another in at least one part, or they would differ in at least r + 1 bits. So
it is enough to look up, part by part, the keys within r_p of each key (Norouzi, Punjani & Fleet, Fast Search in
Hamming Space with Multi-Index Hashing, CVPR 2012), and to count the differing bits of the pairs found.

Invariant: a pair is given exactly once, by the first part in which it is near enough, with its true distance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_LOOKUP_NS, _MASK_NS, _TABLE_NS, _CANDIDATE_NS, _COUNT_NS = 4.0, 50_000.0, 10.0, 10.0, 1.5
"""What a key to look up costs, a mask, a place of a table, a word of a candidate, a word of a pair: measured."""
_SAMPLE, _HOPEFUL = 20_000, 3  # hashes whose keys are counted, and cuts for which they are
_KEY_BITS = 22  # a table of 2**22 places stays in the cache
_AT_ONCE = 1 << 20  # candidates in memory at a time


class Near(NamedTuple):
    """Pairs of rows: ``i`` and ``j`` int32, ``distance`` uint16 in bits."""

    i: NDArray[np.int32]
    j: NDArray[np.int32]
    distance: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Part:
    """Bits ``start`` to ``start + bits`` of a hash, in which a pair may differ by ``radius`` bits."""

    start: int
    bits: int
    radius: int

    def keys(self, hashes: Hashes) -> NDArray[np.int64]:
        """The part of each hash as a number."""
        word, shift = divmod(self.start, 64)
        key = hashes[:, word] >> np.uint64(shift)
        if shift + self.bits > 64:
            key |= hashes[:, word + 1] << np.uint64(64 - shift)
        return (key & np.uint64((1 << self.bits) - 1)).astype(np.int64)


def hamming_join(a: Hashes, radius: int, b: Hashes | None = None, share: tuple[int, int] = (0, 1)) -> Iterator[Near]:
    """Pairs of rows of ``a`` and ``b`` that differ in at most ``radius`` bits; without ``b``, of ``a`` with i < j.

    Args:
        a, b: uint64 (n, words) and (m, words).
        radius: 0 or more, in bits.
        share: (s, of): only share ``s`` of the pairs; the ``of`` shares together hold every pair once.

    Yields:
        About a million pairs at a time at most, so that memory stays bounded however many match.

    Raises:
        ValueError: the hashes have not the same number of words, or the radius is negative.
    """
    if a.ndim != 2 or (b is not None and b.shape[1:] != a.shape[1:]) or radius < 0:
        raise ValueError(f"Cannot join hashes of shapes {a.shape} and {None if b is None else b.shape} in {radius}.")
    if not len(a) or (b is not None and not len(b)):
        return
    parts = plan(a, radius, b)
    yield from _count_all(a, radius, b, share) if parts is None else _look_up(a, radius, b, parts, share)


def plan(a: Hashes, radius: int, b: Hashes | None = None) -> tuple[Part, ...] | None:
    """The cheapest cut into parts for these hashes, or None where counting the bits of every pair is cheaper.

    Candidates are foreseen from how often keys repeat: by Cauchy-Schwarz, no mask brings two sets of keys together
    more often than they meet themselves.
    """
    n, m = len(a), len(a) if b is None else len(b)
    every = n * m * a.shape[1] * _COUNT_NS
    sample = np.concatenate([some[:: 1 + len(some) // _SAMPLE] for some in ((a,) if b is None else (a, b))])
    hopeful = sorted(_cuts(64 * a.shape[1], radius), key=lambda parts: _cost(n, m, parts, None))[:_HOPEFUL]
    costs = {parts: _cost(n, m, parts, sample) for parts in hopeful if _cost(n, m, parts, None) < every}
    best = min(costs, key=lambda parts: costs[parts], default=None)
    return best if best is not None and costs[best] < every else None


def _cuts(width: int, radius: int) -> Iterator[tuple[Part, ...]]:
    for count in range(1, min(radius + 1, width // 8) + 1):
        radii = [(radius + 1) // count - 1 + (p < (radius + 1) % count) for p in range(count)]
        edges = [p * width // count for p in range(count + 1)]
        yield tuple(Part(lo, min(hi - lo, _KEY_BITS), r) for (lo, hi), r in zip(pairwise(edges), radii, strict=True))


def _cost(n: int, m: int, parts: tuple[Part, ...], sample: Hashes | None) -> float:
    """Nanoseconds that these parts take, twice that where n and m are one; without a sample, if keys were even."""
    return sum(_part_cost(n, m, part, sample) for part in parts)


def _part_cost(n: int, m: int, part: Part, sample: Hashes | None) -> float:
    masks = sum(math.comb(part.bits, k) for k in range(part.radius + 1))
    if sample is None:
        met, words = 2.0**-part.bits, 1
    else:
        counts = np.unique(part.keys(sample), return_counts=True)[1].astype(np.float64)
        met, words = (counts * (counts - 1)).sum() / max(1, len(sample) * (len(sample) - 1)), min(2, sample.shape[1])
    table = _TABLE_NS * (1 << part.bits)
    return float(table + masks * (_MASK_NS + n * _LOOKUP_NS + n * m * met * (1 + words) * _CANDIDATE_NS))


def _count_all(a: Hashes, radius: int, b: Hashes | None, share: tuple[int, int]) -> Iterator[Near]:
    """Every pair, tile by tile."""
    other = a if b is None else b
    step = max(1, _AT_ONCE // len(other))
    for number, start in enumerate(range(0, len(a), step)):
        if number % share[1] != share[0]:
            continue
        first = start + 1 if b is None else 0  # nothing before can be j > i
        distance = _distances(a[start : start + step], other[first:])
        i, j = np.nonzero(distance <= radius)
        i, j, distance = i + start, j + first, distance[i, j]
        after = j > i if b is None else slice(None)
        yield _near(i[after], j[after], distance[after])


def _look_up(
    a: Hashes, radius: int, b: Hashes | None, parts: tuple[Part, ...], share: tuple[int, int]
) -> Iterator[Near]:
    for number, part in enumerate(parts):
        left = _Sorted(a, part)
        right = left if b is None else _Sorted(b, part)
        for mask in _masks(part.bits, part.radius)[share[0] :: share[1]]:
            for at, met in left.meet(right, mask):
                yield _confirmed(left, right, at, met, radius, parts[:number], b is None)


def _confirmed(
    left: _Sorted,
    right: _Sorted,
    at: NDArray[np.int64],
    met: NDArray[np.int64],
    radius: int,
    before: tuple[Part, ...],
    same: bool,
) -> Near:
    """Those of the candidates that are within ``radius``, and that no part before has found."""
    at, met, distance = _close(left, right, at, met, radius)
    difference = (left.words[:, at] ^ right.words[:, met]).T
    fresh = np.ones(len(at), bool)
    for part in before:
        fresh &= np.bitwise_count(part.keys(difference)) > part.radius
    i, j = left.order[at[fresh]], right.order[met[fresh]]
    return _near(np.minimum(i, j), np.maximum(i, j), distance[fresh]) if same else _near(i, j, distance[fresh])


def _close(
    left: _Sorted, right: _Sorted, at: NDArray[np.int64], met: NDArray[np.int64], radius: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]:
    """Those within ``radius``, and their distances: word by word, since most are too far apart after two of four. That
    of the part comes last, in which they are alike."""
    distance = np.zeros(len(at), np.uint16)
    for word in np.roll(np.arange(len(left.words)), -1 - left.word):
        distance += np.bitwise_count(left.words[word].take(at) ^ right.words[word].take(met))
        near = np.flatnonzero(distance <= radius)
        at, met, distance = at[near], met[near], distance[near]
    return at, met, distance


class _Sorted:
    """Hashes sorted by the key of a part, with the place where each key starts and how many have it."""

    def __init__(self, hashes: Hashes, part: Part) -> None:
        keys = part.keys(hashes)
        self.order = np.argsort(keys, kind="stable")
        self.keys = keys[self.order]
        self.words, self.word = np.ascontiguousarray(hashes[self.order].T), part.start // 64
        self._bit, self._places = -1, np.empty(0, np.int64)
        self.counts = np.bincount(keys, minlength=1 << part.bits).astype(np.int32)
        self.starts = np.cumsum(self.counts, dtype=np.int32) - self.counts

    def meet(self, other: _Sorted, mask: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Places here and in ``other`` of hashes whose keys differ by just ``mask``; of itself, each pair once."""
        if other is not self:
            places = np.arange(len(self.keys))
        elif mask:
            places = self._without(mask.bit_length() - 1)  # the key of the other has that bit
        else:
            places = np.flatnonzero(self.counts[self.keys] > 1)
        wanted = self.keys[places] ^ mask
        counts = other.counts.take(wanted)
        hits = np.flatnonzero(counts > 0)
        places, counts, starts = places[hits], counts[hits], other.starts[wanted[hits]]
        if other is self and not mask:  # only those behind
            counts = starts + counts - places - 1
            starts = places + 1
        yield from _expanded(places, starts, counts)

    def _without(self, bit: int) -> NDArray[np.int64]:
        """Places of the keys that have not this bit; the last asked for is kept, as masks come by their highest bit."""
        if self._bit != bit:
            self._bit, self._places = bit, np.flatnonzero((self.keys >> bit) & 1 == 0)
        return self._places


def _expanded(
    places: NDArray[np.int64], starts: NDArray[Any], counts: NDArray[Any]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(places[p], q) for each q of starts[p] to starts[p] + counts[p], about a million at a time."""
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, np.arange(_AT_ONCE, total, _AT_ONCE))
    for lo, hi in pairwise(np.unique(np.r_[0, cuts, len(places)])):
        first, repeated = ends[lo] - counts[lo], counts[lo:hi]
        shift = starts[lo:hi] - (ends[lo:hi] - repeated)
        yield np.repeat(places[lo:hi], repeated), np.repeat(shift, repeated) + np.arange(first, ends[hi - 1])


@cache
def _masks(bits: int, radius: int) -> tuple[int, ...]:
    return tuple(sum(1 << bit for bit in chosen) for k in range(radius + 1) for chosen in combinations(range(bits), k))


def _distances(a: Hashes, b: Hashes) -> NDArray[np.uint16]:
    """Of every pair of rows: uint16 (n, m), word by word, since NumPy sums slowly along a short last axis."""
    total = np.zeros((len(a), len(b)), np.uint16)
    for word in range(a.shape[1]):
        total += np.bitwise_count(a[:, word, None] ^ b[None, :, word])
    return total


def _near(i: NDArray[np.int64], j: NDArray[np.int64], distance: NDArray[np.uint16]) -> Near:
    return Near(i.astype(np.int32), j.astype(np.int32), distance)
