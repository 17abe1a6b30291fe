"""Floods: what the cap has left out of the matches, but the groups need.

Of an image with very many matches (a frame of a still scene) only the strongest are kept, so that its match with the
keeper of its group may be missing. So keepers are chosen here in the order in which groups choose them, and each that
was capped is compared with all that were: a few rows with many, never many with many. Invariant: afterwards every match
of a keeper is known, so the keepers, and who joins which, are those of all matches.

A match is missing only where both of its images were capped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.context import Context
from shared.domain.scan import Preset
from shared.store.scans import Scan
from workers import scores, spaces, tables
from workers.pairs.projection import Projection, project
from workers.pairs.search import search
from workers.stages import projections
from workers.stages.blocks import StoredRows, positions
from workers.stages.compare import TWIN_DISTANCE
from workers.stages.matches import Judge, Matches, joined
from workers.stages.neighbours import Neighbours
from workers.vision.hashes import paired_distances
from workers.vision.ssim import SAME_PICTURE, ssim_of_pairs

_AT_ONCE = 4096  # rows that are read or projected


def completed(ctx: Context, scan: Scan, found: Matches, ranked: Sequence[int], shown: float) -> Matches:
    """The matches, and those of every keeper at the threshold ``shown``. ``ranked``: rows, the one to keep first."""
    capped = np.unique(found.omitted["row"]).astype(np.int64)
    if not len(capped):
        return found
    counting = found.taken(found.reach >= np.float32(shown))
    neighbours = Neighbours(counting.found["a"], counting.found["b"], counting.similarity, ranked)
    flood, inside = _Flood(ctx, scan, capped), set(capped.tolist())
    keepers: set[int] = set()
    reached: set[int] = set()
    stars = []
    for row in ranked:
        if row in reached or not keepers.isdisjoint(neighbours.get(row, ())):
            continue
        keepers.add(row)
        if row in inside:
            star = flood.star(row)
            matching = star.found[star.reach >= np.float32(shown)]
            reached.update(matching["a"].tolist(), matching["b"].tolist())
            stars.append(star)
    return _with_stars(found, stars, np.array(sorted(keepers & inside), np.int64))


def _with_stars(found: Matches, stars: Sequence[Matches], keepers: NDArray[np.int64]) -> Matches:
    """The matches with those of the keepers, each once, and no more counted as left out than are."""
    together = joined([found, *stars])
    recovered = together.found[len(found) :]
    omitted = found.omitted[~np.isin(found.omitted["row"], keepers)].copy()
    rows, counts = np.unique(np.concatenate([recovered["a"], recovered["b"]]), return_counts=True)
    distinct, first = np.unique(omitted["row"], return_index=True)
    known = np.isin(rows, distinct)
    at = first[np.searchsorted(distinct, rows[known])]
    omitted["count"][at] -= np.minimum(omitted["count"][at], counts[known]).astype(np.uint32)
    return replace(together, omitted=omitted[omitted["count"] > 0])


class _Flood:
    """The features of the capped rows, and the matches of one with all of them."""

    def __init__(self, ctx: Context, scan: Scan, rows: NDArray[np.int64]) -> None:
        self._scan, self._rows = scan, rows
        self._judge = Judge(ctx, scan)
        seen = tables.read(ctx, scan.id, tables.indexed(scan, "contents")).take(pa.array(rows))
        digests = seen["digest"].to_pylist()
        self._hashes = seen["phash"].to_numpy().astype(np.uint64)
        self._sides = np.stack([seen[side].to_numpy() for side in ("width", "height")], axis=1)
        self._grey = spaces.pixels(ctx, scan)
        self._places = positions(self._grey, digests)
        space = spaces.deep(ctx, scan) if scan.request.preset is Preset.DEEP else None
        self._deep = None if space is None else StoredRows(space, positions(space, digests))
        self._projection = projections.taken(ctx, scan)
        self._coordinates = _projected(self._projection, self._deep)

    def star(self, row: int) -> Matches:
        """The matches of a row with the others, down to the floor."""
        me = int(np.searchsorted(self._rows, row))
        found = np.empty(len(self._rows), scores.MATCH)
        found["a"], found["b"] = np.minimum(self._rows, row), np.maximum(self._rows, row)
        found["distance"] = paired_distances(self._hashes, self._hashes[me : me + 1])
        found["ssim"] = found["cosine"] = np.nan
        twin = (found["distance"] <= TWIN_DISTANCE) & (self._sides == self._sides[me]).all(axis=1)
        found["flags"] = np.where(twin, scores.TWIN, 0)
        self._compare(found, me)
        found["flags"][me] = 0
        return self._judge.matches([self._judge.counting(found)], capped=False)

    def _compare(self, found: NDArray[np.void], me: int) -> None:
        """Fill in cosine and SSIM where they may decide, and say which match by the preset's rule."""
        wanted = self._scan.request
        if wanted.preset is Preset.EXACT:
            return
        if self._deep is not None:
            places, cosine = self._alike(me)
            found["cosine"][places] = cosine
        near = np.flatnonzero((found["distance"] <= wanted.max_distance) | ~np.isnan(found["cosine"]))
        mine = self._grey.rows(self._places[me : me + 1])
        for start in range(0, len(near), _AT_ONCE):
            some = near[start : start + _AT_ONCE]
            grey = self._grey.rows(self._places[some])
            found["ssim"][some] = ssim_of_pairs(grey, np.broadcast_to(mine, grey.shape))
        proven = (found["distance"] <= wanted.max_distance) & (found["ssim"] >= SAME_PICTURE)
        proven |= found["cosine"] >= self._scan.floor
        self._fill_cosines(found, np.flatnonzero(proven & np.isnan(found["cosine"])), me)
        found["flags"] |= np.where(proven, scores.MATCHES, 0).astype(np.uint8)

    def _alike(self, me: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        assert self._deep is not None  # noqa: S101 - its caller has looked
        query = self._deep[np.array([me])][0]
        found = search(query, self._deep, self._projection, self._coordinates, self._scan.floor)
        return found.places, found.cosine

    def _fill_cosines(self, found: NDArray[np.void], places: NDArray[np.int64], me: int) -> None:
        """The cosines of what hash and SSIM prove, as evidence."""
        if self._deep is not None and len(places):
            found["cosine"][places] = self._deep[places] @ self._deep[np.array([me])][0]


def _projected(projection: Projection | None, rows: StoredRows | None) -> NDArray[np.float32] | None:
    if projection is None or rows is None:
        return None
    starts = range(0, len(rows), _AT_ONCE)
    return np.concatenate([project(projection, rows[np.arange(at, min(at + _AT_ONCE, len(rows)))]) for at in starts])
