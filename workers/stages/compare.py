"""Compare: one pair of blocks, every pair of contents in it, exactly.

A pair is a match by its preset: ``near`` by hash distance verified by SSIM, ``deep`` by cosine or as ``near``.
In every preset, pairs of equal dimensions and nearly equal hashes are kept as twins, whose full pixels
are compared later.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from shared.context import Context
from shared.domain.scan import HASH_BITS, Preset
from shared.store.scans import Scan
from workers import scores, spaces
from workers.pairs import join
from workers.pairs.hamming import hamming_join
from workers.pairs.join import join_blocks
from workers.scores import Scores
from workers.stages import kinds as kind
from workers.stages.best import Best
from workers.stages.blocks import Block
from workers.stages.kinds import Kinds
from workers.vision.hashes import paired_distances
from workers.vision.ssim import SAME_PICTURE, ssim_of_pairs

TWIN_DISTANCE = 4
"""Decoding at another scale or by another codec may flip a few bits of the hash of the same pixels."""
FLOODED = 4
"""Matches that are kept of an image that has more than the cap in one pair of blocks: a scene of many frames."""
_PAIRS_AT_ONCE = 4096  # whose pictures are read

Places = npt.NDArray[np.int64]


def compare(ctx: Context, scan: Scan, a: Block, b: Block, same: bool) -> Scores:
    """Score every pair of ``a`` and ``b``; where they are the ``same`` block, every unordered pair once.

    Images are numbered through both blocks: those of ``b`` follow those of ``a``, unless they are the same.
    """
    searching = scan.request.upload is not None  # whoever searches for one image wants every match
    sides = _Sides(scan, a, b, same)
    found = sides.strongest(1 << 31 if searching else ctx.settings.matches_per_image)
    if scan.request.preset is Preset.EXACT:
        return found
    return Scores(_verified(ctx, scan, sides, found.matches), found.omitted, found.twins)


class _Sides:
    """Two blocks, or one with itself, and the numbers of their images."""

    def __init__(self, scan: Scan, a: Block, b: Block, same: bool) -> None:
        self._scan, self._wanted, self._floor = scan, scan.request, scan.floor
        self.a, self.b, self._same = a, b, same
        self._offset = 0 if same else len(a)
        self._images = self._offset + len(b)
        self._twins = np.zeros(self._images, bool)

    def places(self, matches: npt.NDArray[np.void]) -> tuple[Places, Places]:
        """Where in ``a`` and in ``b`` the images of matches are."""
        return matches["a"].astype(np.int64), matches["b"].astype(np.int64) - self._offset

    def strongest(self, most: int) -> Scores:
        """What may match, the ``most`` strongest of each image: by the hash, and by the cosine."""
        alike = Best(self._images, most)
        for found in self._alike():
            alike.add(found, self._reach(found))
        parts = [alike.ended(FLOODED), self._strongest_near(most)]
        matches, reach = _united([(one.matches, reach) for one, reach in parts])
        kept = Best(self._images, most)
        kept.add(matches, reach)
        best, _ = kept.ended(FLOODED)
        omitted = scores.counted(np.concatenate([best.omitted, *(one.omitted for one, _ in parts)]))
        return Scores(best.matches, omitted, np.flatnonzero(self._twins).astype(np.uint32))

    def _strongest_near(self, most: int) -> tuple[Scores, npt.NDArray[np.float32]]:
        """By the hash: by kinds, where that takes less."""
        if most < self._images:  # a search drops none
            blocks = [self.b] if self._same else [self.a, self.b]
            kinds = Kinds.among((block.hashes, block.sides) for block in blocks)
            if kinds.pay:
                return self._by_kinds(kinds, most)
        near = Best(self._images, most)
        for found in self._near():
            near.add(found, self._reach(found))
        return near.ended(FLOODED)

    def _by_kinds(self, kinds: Kinds, most: int) -> tuple[Scores, npt.NDArray[np.float32]]:
        first = kinds.images[kinds.starts]
        in_a = first if self._same else first[first < self._offset]
        in_b = first if self._same else first[len(in_a) :] - self._offset
        of_kinds = _Sides(self._scan, self.a.only(in_a), self.b.only(in_b), self._same)
        found = ((some, of_kinds._reach(some)) for some in of_kinds._near())
        strongest = kind.strongest(kinds, found, most, FLOODED)
        twins = of_kinds._twins | (kinds.counts > 1 if self._same else False)
        self._twins |= twins[kinds.of]
        return strongest

    def _near(self) -> Iterator[npt.NDArray[np.void]]:
        """Twins, and pairs within the hash distance."""
        exact = self._wanted.preset is Preset.EXACT
        radius = TWIN_DISTANCE if exact else max(TWIN_DISTANCE, self._wanted.max_distance)
        other = None if self._same else self.b.hashes[:, None]
        for part in hamming_join(self.a.hashes[:, None], radius, other):
            found = self._found(part.i.astype(np.int64), part.j.astype(np.int64))
            within = (found["flags"] != 0) | (not exact and found["distance"] <= self._wanted.max_distance)
            yield found[within]

    def _alike(self) -> Iterator[npt.NDArray[np.void]]:
        """Pairs whose cosine reaches the floor; none for a preset without deep features."""
        if self.a.deep is None or self.b.deep is None:
            return
        for part in join_blocks(self.a.deep, self.b.deep, self._same, self._floor):
            found = self._found(part.i.astype(np.int64), part.j.astype(np.int64))
            found["cosine"] = part.cosine
            yield found

    def _found(self, i: Places, j: Places) -> npt.NDArray[np.void]:
        found = np.empty(len(i), scores.MATCH)
        found["a"], found["b"] = i, j + self._offset
        found["distance"] = paired_distances(self.a.hashes[i], self.b.hashes[j])
        found["ssim"] = found["cosine"] = np.nan
        twin = np.flatnonzero(found["distance"] <= TWIN_DISTANCE)
        twin = twin[(self.a.sides[i[twin]] == self.b.sides[j[twin]]).all(axis=1)]
        found["flags"] = 0
        found["flags"][twin] = scores.TWIN
        self._twins[found["a"][twin]] = self._twins[found["b"][twin]] = True
        return found

    def _reach(self, matches: npt.NDArray[np.void]) -> npt.NDArray[np.float32]:
        """How far each reaches before it is verified: by its cosine, or its hash where that counts; twins farthest."""
        closeness = 1 - matches["distance"].astype(np.float32) / HASH_BITS
        within = matches["distance"] <= self._wanted.max_distance
        reach = np.fmax(matches["cosine"], np.where(within, closeness, 0))
        return np.where(matches["flags"] & scores.TWIN, 1, reach).astype(np.float32)


def _united(
    parts: list[tuple[npt.NDArray[np.void], npt.NDArray[np.float32]]],
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.float32]]:
    """Matches and their reach, each pair once, in the order of its images; of two the one of the earlier part."""
    matches, reach = np.concatenate([m for m, _ in parts]), np.concatenate([r for _, r in parts])
    keys = matches["a"].astype(np.int64) << 32 | matches["b"]
    first = np.unique(keys, return_index=True)[1]
    return matches[first], reach[first]


def _verified(ctx: Context, scan: Scan, sides: _Sides, matches: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Add SSIM, and the cosine where it is not known, as evidence; drop those that SSIM refutes."""
    found, wanted = matches.copy(), scan.request
    i, j = sides.places(found)
    pixels = spaces.pixels(ctx, scan)
    for start in range(0, len(found), _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        grey = pixels.rows(sides.a.positions[i[some]]), pixels.rows(sides.b.positions[j[some]])
        found["ssim"][some] = ssim_of_pairs(*grey)
    if sides.a.deep is not None and sides.b.deep is not None:
        unknown = np.flatnonzero(np.isnan(found["cosine"]))
        found["cosine"][unknown] = _cosine(sides.a.deep, sides.b.deep, i[unknown], j[unknown])
    near = (found["distance"] <= wanted.max_distance) & (found["ssim"] >= SAME_PICTURE)
    proven = near | (found["cosine"] >= scan.floor)  # a comparison with NaN is false
    found["flags"] |= np.where(proven, scores.MATCHES, 0).astype(np.uint8)
    kept: npt.NDArray[np.void] = found[found["flags"] != 0]
    return kept


def _cosine(a: join.Block, b: join.Block, i: Places, j: Places) -> npt.NDArray[np.float32]:
    """The cosines of pairs of places, each full row read once; float32 (n,)."""
    if len(i) == 0:
        return np.empty(0, np.float32)
    (ones, at_i), (others, at_j) = (np.unique(places, return_inverse=True) for places in (i, j))
    return join.multiply(a.rows[ones], b.rows[others], at_i, at_j)
