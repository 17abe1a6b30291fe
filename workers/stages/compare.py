"""Compare: one pair of blocks, every pair of contents in it, exactly.

A pair is a match by its preset: ``near`` by hash distance verified by SSIM, ``deep`` by cosine or as ``near``.
In every preset, pairs of equal dimensions and nearly equal hashes are kept as twins, whose full pixels
are compared later.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from shared.context import Context
from shared.domain.chunking import block_pair, chunk_range
from shared.domain.scan import HASH_BITS, Preset
from shared.store import scans as store
from shared.store.scans import Found, Scan
from workers import scores, spaces
from workers.pairs import join
from workers.pairs.join import Pairs, join_blocks
from workers.stages.blocks import Block, load_block
from workers.vision.hashes import distances
from workers.vision.ssim import SAME_PICTURE, ssim

TWIN_DISTANCE = 4
"""Decoding at another scale or by another codec may flip a few bits of the hash of the same pixels."""


def compare_blocks(ctx: Context, scan: Scan, unit: int) -> Found:
    """Score block pair ``unit`` of a scan, or the query with block ``unit`` of a search."""
    fields = store.fields(ctx.redis, scan.id)
    size, contents = int(fields["block_size"]), int(fields["contents"])
    if scan.request.upload is not None:
        a = load_block(ctx, scan, "query", range(1))
        b = load_block(ctx, scan, "contents", chunk_range(unit, contents, size))
        same = False
    else:
        i, j = block_pair(unit)
        a = load_block(ctx, scan, "contents", chunk_range(i, contents, size))
        b = load_block(ctx, scan, "contents", chunk_range(j, contents, size))
        same = i == j
    found = compare(ctx, scan, a, b, same)
    n, m = len(a.hashes), len(b.hashes)
    return Found(add={"pairs_done": n * (n - 1) // 2 if same else n * m}, scores=found.pack())


def compare(ctx: Context, scan: Scan, a: Block, b: Block, same: bool) -> scores.Scores:
    """Score every pair of ``a`` and ``b``; where they are the ``same`` block, every unordered pair once."""
    matches = _candidates(scan, a, b, same)
    if scan.request.preset is Preset.EXACT:
        return scores.Scores(matches, np.empty(0, scores.OMITTED))
    strength = _strength(scan, matches)
    searching = scan.request.upload is not None  # whoever searches for one image wants every match
    kept = scores.capped(matches, strength, len(matches) if searching else ctx.settings.matches_per_image)
    return scores.Scores(_verified(ctx, scan, a, b, kept.matches), kept.omitted)


def _strength(scan: Scan, matches: npt.NDArray[np.void]) -> npt.NDArray[np.float32]:
    """How far each reaches before it is verified: by its cosine, or by its hash where that counts."""
    closeness = 1 - matches["distance"].astype(np.float32) / HASH_BITS
    near = matches["distance"] <= scan.request.max_distance
    strength: npt.NDArray[np.float32] = np.fmax(matches["cosine"], np.where(near, closeness, 0)).astype(np.float32)
    return strength


def _candidates(scan: Scan, a: Block, b: Block, same: bool) -> npt.NDArray[np.void]:
    """Pairs that may match: twins, those within the hash distance, and those that reach the floor."""
    distance = distances(a.hashes, b.hashes)
    twin = (distance <= TWIN_DISTANCE) & (a.sides[:, None, :] == b.sides[None, :, :]).all(axis=2)
    near = twin if scan.request.preset is Preset.EXACT else twin | (distance <= scan.request.max_distance)
    places = np.flatnonzero(np.triu(near, k=1) if same else near)
    alike = _alike(scan, a, b, same)
    places = np.union1d(places, alike.i.astype(np.int64) * len(b.hashes) + alike.j)
    rows, columns = np.divmod(places, len(b.hashes))
    found = np.empty(len(places), scores.MATCH)
    found["a"], found["b"] = rows + a.first, columns + b.first
    found["distance"] = distance[rows, columns]
    found["flags"] = np.where(twin[rows, columns], scores.TWIN, 0)
    found["ssim"] = found["cosine"] = np.nan
    found["cosine"][np.searchsorted(places, alike.i.astype(np.int64) * len(b.hashes) + alike.j)] = alike.cosine
    return found


def _alike(scan: Scan, a: Block, b: Block, same: bool) -> Pairs:
    """Pairs whose cosine reaches the floor; none for a preset without deep features."""
    if scan.request.preset is not Preset.DEEP or a.deep is None or b.deep is None:
        return Pairs.of([])
    return Pairs.of(join_blocks(a.deep, b.deep, same, scan.floor))


def _verified(ctx: Context, scan: Scan, a: Block, b: Block, matches: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Add SSIM, and the cosine where it is not known, as evidence; drop those that SSIM refutes."""
    found, wanted = matches.copy(), scan.request
    rows, columns = found["a"].astype(np.int64) - a.first, found["b"].astype(np.int64) - b.first
    pixels = spaces.pixels(ctx, scan)
    grey = zip(pixels.rows(a.positions[rows]), pixels.rows(b.positions[columns]), strict=True)
    found["ssim"] = [ssim(one, other) for one, other in grey]
    if a.deep is not None and b.deep is not None:
        unknown = np.flatnonzero(np.isnan(found["cosine"]))
        found["cosine"][unknown] = _cosine(a.deep, b.deep, rows[unknown], columns[unknown])
    near = (found["distance"] <= wanted.max_distance) & (found["ssim"] >= SAME_PICTURE)
    proven = near | (found["cosine"] >= scan.floor)  # a comparison with NaN is false
    found["flags"] |= np.where(proven, scores.MATCHES, 0).astype(np.uint8)
    kept: npt.NDArray[np.void] = found[found["flags"] != 0]
    return kept


def _cosine(
    a: join.Block, b: join.Block, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """The cosines of pairs of places, each full row read once; float32 (n,)."""
    if len(i) == 0:
        return np.empty(0, np.float32)
    (ones, at_i), (others, at_j) = (np.unique(places, return_inverse=True) for places in (i, j))
    return join.multiply(a.rows[ones], b.rows[others], at_i, at_j)
