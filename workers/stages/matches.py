"""From packed scores to matches between contents: which count, how far they reach, how strong they are, and why.

Contents are rows of contents.parquet; a search is for the one row of query.parquet. The *reach* of a match is the
highest threshold at which it is one: its cosine in the preset deep, its similarity in near; 1 for what counts at any.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.context import Context
from shared.domain import similarity
from shared.domain.model import Kind, Signals
from shared.domain.scan import Preset, ScanRequest
from shared.store import scans as store
from shared.store.scans import Scan
from workers import reference, scores, spaces, tables
from workers.scores import Scores
from workers.vision.ssim import SAME_PICTURE

_near = np.vectorize(similarity.near, otypes=[np.float64])
_deep = np.vectorize(similarity.deep, otypes=[np.float64])


@dataclass(frozen=True, slots=True)
class Matches:
    """Matches, n of them, none twice, and what the cap has left out.

    ``found`` has dtype scores.MATCH, the flag TWIN standing for pixels that are all equal; ``reach`` float32 (n),
    ``similarity`` float64 (n); ``omitted`` has dtype scores.OMITTED.
    """

    found: npt.NDArray[np.void]
    reach: npt.NDArray[np.float32]
    similarity: npt.NDArray[np.float64]
    omitted: npt.NDArray[np.void]

    def __len__(self) -> int:
        return len(self.found)

    def taken(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Matches:
        """Some of the matches, with all that was left out."""
        return Matches(self.found[which], self.reach[which], self.similarity[which], self.omitted)

    def pairs(self) -> list[tuple[int, int]]:
        """The two rows of each."""
        return list(zip(self.found["a"].tolist(), self.found["b"].tolist(), strict=True))

    def between(self, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Signals]:
        """The signals of these matches, each named by its two rows, the smaller first."""
        keys = self.found["a"].astype(np.int64) << 32 | self.found["b"]
        order = np.argsort(keys, kind="stable")
        wanted = np.array([a << 32 | b for a, b in pairs], np.int64)
        at = order[np.searchsorted(keys, wanted, sorter=order)]
        return dict(zip(pairs, self.taken(at).signals(), strict=True))

    def signals(self) -> Iterator[Signals]:
        """The signals of each, in the same order."""
        for match, strength in zip(self.found, self.similarity.tolist(), strict=True):
            yield _signals(match, strength)


def matches(ctx: Context, scan: Scan) -> Matches:
    """The matches of a scan down to its floor, capped per content; of a search every one."""
    everything = _scores(ctx, scan)
    found = _counting(ctx, scan, _crossing(ctx, scan, everything.matches))
    reach, strength = _measured(scan.request, found)
    if scan.request.upload is not None:
        return Matches(found, reach, strength, everything.omitted)
    kept = scores.capped(found, reach, ctx.settings.matches_per_image, strength)
    omitted = scores.counted(np.concatenate([everything.omitted, kept.omitted]))
    return Matches(kept.matches, *_measured(scan.request, kept.matches), omitted)


def _measured(
    wanted: ScanRequest, found: npt.NDArray[np.void]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Reach, float32 (n), and similarity, float64 (n), of matches."""
    if len(found) == 0:
        return np.empty(0, np.float32), np.empty(0)
    within = found["distance"] <= wanted.max_distance
    seen = within & ~np.isnan(found["ssim"])
    near = np.where(seen, _near(found["distance"], np.nan_to_num(found["ssim"])), 0.0)
    same = (found["flags"] & scores.TWIN) != 0
    deep = ~np.isnan(found["cosine"])  # cosines are the preset deep's alone
    strength = np.where(deep, _deep(np.nan_to_num(found["cosine"]), near), near)
    strength = np.where(same, 1.0, strength)
    proven = same | (within & (found["ssim"] >= SAME_PICTURE))
    reach = np.where(proven, 1.0, found["cosine"]) if wanted.preset is Preset.DEEP else strength
    return reach.astype(np.float32), strength


def _scores(ctx: Context, scan: Scan) -> Scores:
    packed = store.scores(ctx.redis, scan.id)
    return scores.concatenate([Scores.unpack(packed[number]) for number in sorted(packed)])


def _crossing(ctx: Context, scan: Scan, found: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Those of which not both sides lie in reference folders."""
    theirs = reference.contents(ctx, scan)
    crossing: npt.NDArray[np.void] = found[~(np.isin(found["a"], theirs) & np.isin(found["b"], theirs))]
    return crossing


def _counting(ctx: Context, scan: Scan, found: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Those that match, with the flag TWIN left on those alone whose pixels are all equal."""
    counting = found.copy()
    counting["flags"] &= scores.MATCHES
    counting["flags"] |= np.where(_equal_pixels(ctx, scan, found), scores.TWIN, 0).astype(np.uint8)
    kept: npt.NDArray[np.void] = counting[counting["flags"] != 0]
    return kept


def _equal_pixels(ctx: Context, scan: Scan, found: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """Which are twins whose digests of all pixels are known and equal."""
    equal = np.zeros(len(found), bool)
    twins = np.flatnonzero(found["flags"] & scores.TWIN)
    one = _pixels(ctx, scan, "contents" if scan.request.upload is None else "query", found["a"][twins])
    other = _pixels(ctx, scan, "contents", found["b"][twins])
    equal[twins] = [a is not None and a == b for a, b in zip(one, other, strict=True)]
    return equal


def _pixels(ctx: Context, scan: Scan, table: str, rows: npt.NDArray[np.uint32]) -> list[bytes | None]:
    """The digest of all pixels of each row, None where it is not known."""
    digests = tables.read(ctx, scan.id, table, ["digest"])["digest"].combine_chunks().take(rows).to_pylist()
    space = spaces.full(ctx)
    space.refresh()
    positions = space.find(digests)
    pixels: list[bytes | None] = [None] * len(digests)
    known = np.flatnonzero(positions >= 0)
    if len(known):
        for at, digest in zip(known, space.take(positions[known])["pixels"].to_pylist(), strict=True):
            pixels[at] = digest
    return pixels


def _signals(match: np.void, strength: float) -> Signals:
    cosine = None if np.isnan(match["cosine"]) else float(match["cosine"])
    ssim = None if np.isnan(match["ssim"]) else float(match["ssim"])
    kind = Kind.SAME_PIXELS if match["flags"] & scores.TWIN else Kind.SIMILAR
    return Signals(strength, kind, cosine, int(match["distance"]), ssim)
