"""One question, one answer: whether a picture that differs in a part is a marked copy or another shot.

What differs is the same whichever of several copies a picture is laid on, but each pair sees it through its own blur,
size and noise, and two that are both marked see two things at once. So all copies are asked, and the median counts; two
that were laid on the same copies are one picture if both are one with these.

Invariant: only OVERLAY and BURST change, into one another; what is proven, and what no other pair can tell of, stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from shared.domain.model import Kind
from workers.proof.records import KINDS, Proofs
from workers.proof.verdict import LIKELY

_OVERLAY, _BURST = KINDS.index(Kind.OVERLAY), KINDS.index(Kind.BURST)
_WHOLE = [KINDS.index(k) for k in (Kind.RE_ENCODED, Kind.RESIZED, Kind.TURNED, Kind.MIRRORED, Kind.COLOUR)]

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Pairs of sets of copies between which the question is open: ``one`` < ``other`` int64 (n) are the sets,
    ``median`` float64 (n) of the probabilities and ``count`` int64 (n) how many say so; ``at`` int64 (m) is the pair of
    sets of each verdict."""

    one: Places
    other: Places
    median: NDArray[np.float64]
    count: Places
    at: Places


def settled(found: Proofs) -> Proofs:
    """The verdicts (dtype PROOF) of a scan, those that ask one question answered alike."""
    rows, places = np.unique(np.concatenate([found["a"], found["b"]]), return_inverse=True)
    a, b = np.split(places, 2)
    copies = _copies(found, a, b, len(rows))
    one, other = copies[a], copies[b]
    open_ = np.flatnonzero(np.isin(found["kind"], (_OVERLAY, _BURST)) & (one != other))
    asked = _asked(one[open_], other[open_], found["confidence"][open_].astype(np.float64))
    answer, told = _answers(asked, np.bincount(copies, minlength=1))
    change = open_[told[asked.at]]
    after = found.copy()
    after["confidence"][change] = answer[asked.at][told[asked.at]]
    after["kind"][change] = np.where(after["confidence"][change] >= LIKELY, _OVERLAY, _BURST)
    return after


def _copies(found: Proofs, a: Places, b: Places, count: int) -> Places:
    """The set of each picture: those joined by proof that both show all of one picture."""
    sure = (found["proven"] != 0) & np.isin(found["kind"], _WHOLE)
    graph = coo_array((np.ones(int(sure.sum()), np.int8), (a[sure], b[sure])), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _asked(one: Places, other: Places, chance: NDArray[np.float64]) -> _Asked:
    pairs, at, count = np.unique(
        np.stack([np.minimum(one, other), np.maximum(one, other)]), axis=1, return_inverse=True, return_counts=True
    )
    at = at.reshape(-1)
    ordered = chance[np.lexsort((chance, at))]
    start = np.cumsum(count) - count
    median = (ordered[start + (count - 1) // 2] + ordered[start + count // 2]) / 2 if len(count) else chance[:0]
    return _Asked(pairs[0], pairs[1], median, count, at)


def _answers(asked: _Asked, sizes: Places) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probability for each pair of sets, and whether more than one pair of pictures tells it."""
    most, chance = _most_copies(asked, sizes)
    joint = (most[asked.one] == most[asked.other]) & (most[asked.one] >= 0)
    through = np.minimum(chance[asked.one], chance[asked.other])
    return np.where(joint, through, asked.median), joint | (asked.count > 1)


def _most_copies(asked: _Asked, sizes: Places) -> tuple[Places, NDArray[np.float64]]:
    """For each set, the largest one that it was laid on and that is larger than itself (-1 for none), and the median
    of these."""
    mine, its = np.concatenate([asked.one, asked.other]), np.concatenate([asked.other, asked.one])
    median = np.tile(asked.median, 2)
    order = np.lexsort((-its, sizes[its], mine))  # the largest of each last, the first of equals
    larger = order[sizes[its[order]] > sizes[mine[order]]]
    most, chance = np.full(len(sizes), -1, np.int64), np.zeros(len(sizes))
    most[mine[larger]], chance[mine[larger]] = its[larger], median[larger]
    return most, chance
