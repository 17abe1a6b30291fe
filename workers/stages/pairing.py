"""Pairing: which pairs are proven. First those that were nominated; then, within what has become a group, those that
nobody nominated, since each of a large family is among the nearest of few of the others.

Invariant: a pair is chosen once, the smaller row first, and never proven twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from shared.context import Context
from shared.domain.chunking import chunk_count
from shared.domain.scan import Phase
from shared.store import scans as store
from shared.store.scans import Found, Scan
from workers import proofs, scores
from workers.candidates.nominees import Nominees, merged, ranked
from workers.proof.records import KINDS, Proofs, claims
from workers.stages.nominate import folder
from workers.stages.prove import AT_ONCE
from workers.stages.searching import comparison_of

ALL_PAIRS_UP_TO = 48
"""Of a family of so many, every pair is looked at; of a larger one, each with so many of those that match the most."""


def pair(ctx: Context, scan: Scan, unit: int) -> Found:
    """Choose the pairs that are proven, ``candidates_per_image`` of an image at most."""
    units = int(store.fields(ctx.redis, scan.id).get(f"total:{Phase.NOMINATE}", 0))
    nominated = [proofs.load(folder(ctx, scan) / f"{number}.npy") for number in range(units)]
    searching = scan.request.upload is not None
    found = merged([*nominated, _compared(ctx, scan, searching)], ctx.settings.candidates_per_image)
    row, other = found["row"].astype(np.int64), found["other"].astype(np.int64)
    return _chosen(ctx, scan, proofs.PAIRS, Phase.PROVE, (row, other) if searching else _ordered(row, other))


def _compared(ctx: Context, scan: Scan, searching: bool) -> Nominees:
    """Those that the comparison of all hashes and features has found, for both sides."""
    parts = [part.matches for part in comparison_of(ctx, scan).scores()]
    found = np.concatenate([np.empty(0, scores.MATCH), *parts])
    found = found[(found["flags"] & scores.MATCHES) != 0]
    strength = np.fmax(found["cosine"], 1.0 - found["distance"].astype(np.float32) / 64).astype(np.float64)
    a, b = found["a"].astype(np.int64), found["b"].astype(np.int64)
    if not searching:
        a, b, strength = np.concatenate([a, b]), np.concatenate([b, a]), np.tile(strength, 2)
    return ranked(a, b, strength, ctx.settings.candidates_per_image)


Rows = npt.NDArray[np.int64]


def _ordered(one: Rows, other: Rows) -> tuple[Rows, Rows]:
    """Each pair once, the smaller row first."""
    both = np.unique(np.stack([np.minimum(one, other), np.maximum(one, other)], axis=1), axis=0)
    return both[:, 0], both[:, 1]


def _chosen(ctx: Context, scan: Scan, name: str, phase: Phase, pairs: tuple[Rows, Rows]) -> Found:
    chosen = np.empty(len(pairs[0]), proofs.PAIR)
    chosen["a"], chosen["b"] = pairs
    proofs.choose(ctx, scan, name, chosen)
    return Found(set={f"total:{phase}": chunk_count(len(chosen), AT_ONCE)})


def close(ctx: Context, scan: Scan, unit: int) -> Found:
    """Choose the pairs within families that were not looked at; none for a search."""
    units = int(store.fields(ctx.redis, scan.id).get(f"total:{Phase.PROVE}", 0))
    found = proofs.found(ctx, scan, proofs.PAIRS, units)
    if scan.request.upload is not None:
        pairs = (np.empty(0, np.int64),) * 2
    else:
        pairs = missing(found, proofs.pairs(ctx, scan, proofs.PAIRS))
    return _chosen(ctx, scan, proofs.CLOSING, Phase.REPROVE, pairs)


def missing(found: Proofs, looked_at: npt.NDArray[np.void]) -> tuple[Rows, Rows]:
    """Pairs of those that are joined by matches, and of what contains one of them with the others, that were not looked
    at.

    A part joins families too, for it cannot be told from a collage without gaps; what they make together may be too
    large to be looked at in full, so that it is also laid on each of the families that no part has joined.
    """
    found = found[claims(found)]
    containing = found["kind"] == KINDS.index("contained")
    part = containing | (found["kind"] == KINDS.index("cropped"))
    families = _families(found[~containing])
    pairs = [*(_within(family) for family in families), *_beside(found[containing], families)]
    pairs += _beside(found[part], _families(found[~part]))
    if not pairs:
        return (np.empty(0, np.int64),) * 2
    a, b = _ordered(*(np.concatenate(column) for column in zip(*pairs, strict=True)))
    most = int(max(b.max(), looked_at["b"].max())) + 1
    known = looked_at["a"].astype(np.int64) * most + looked_at["b"]
    fresh = ~np.isin(a * most + b, known)
    return a[fresh], b[fresh]


def _families(joining: Proofs) -> list[Rows]:
    """Contents that matches join, more than two in each, those with the most matches first."""
    rows, at = np.unique(np.concatenate([joining["a"], joining["b"]]).astype(np.int64), return_inverse=True)
    if len(rows) == 0:
        return []
    one, other = at.reshape(2, -1)
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(rows), len(rows)))
    family = connected_components(graph, directed=False)[1]
    order = np.lexsort((-np.bincount(at), family))
    families = np.split(rows[order], np.flatnonzero(np.diff(family[order])) + 1)
    return [members for members in families if len(members) > 2]


def _within(family: Rows) -> tuple[Rows, Rows]:
    """Every pair of a family, or each with those that match the most."""
    if len(family) <= ALL_PAIRS_UP_TO:
        i, j = np.triu_indices(len(family), k=1)
        return family[i], family[j]
    best = family[:ALL_PAIRS_UP_TO]
    one, other = np.repeat(family, len(best)), np.tile(best, len(family))
    return one[one != other], other[one != other]


def _beside(parts: Proofs, families: list[Rows]) -> Iterator[tuple[Rows, Rows]]:
    """What is a part of one of a family, or has one as a part, with all of it: a collage meets few copies by itself."""
    belongs = {int(row): number for number, family in enumerate(families) for row in family}
    sides = [(a, b) for a, b in zip(parts["a"].tolist(), parts["b"].tolist(), strict=True)]
    wanted = {(one, belongs[other]) for pair in sides for one, other in (pair, pair[::-1]) if other in belongs}
    for one, number in sorted(wanted):
        others = families[number][:ALL_PAIRS_UP_TO]
        others = others[others != one]
        yield np.full(len(others), one), others
