"""From packed scores to matches between contents: which count, how far they reach, how strong they are, and why.

Contents are rows of contents.parquet; a search is for the one row of query.parquet. The *reach* of a match is the
highest threshold at which it is one: its cosine in the preset deep, its similarity in near; 1 for what counts at any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from shared.context import Context
from shared.domain import similarity
from shared.domain.model import Kind, Signals
from shared.domain.scan import Preset, ScanRequest
from shared.store.scans import Scan
from workers import reference, scores
from workers.scores import Scores
from workers.stages import pixels, proven
from workers.stages.comparison import omitted
from workers.stages.proven import Verdicts, judged
from workers.stages.searching import comparison_of
from workers.vision.ssim import SAME_PICTURE

_WAITING = 1 << 23
"""Matches in memory before the weaker ones are dropped."""
_near = np.vectorize(similarity.near, otypes=[np.float64])
_deep = np.vectorize(similarity.deep, otypes=[np.float64])


@dataclass(frozen=True, slots=True)
class Matches:
    """Matches, n of them, none twice, and what the cap has left out.

    ``found`` has dtype scores.MATCH, the flag TWIN standing for pixels that are all equal; ``reach`` float32 (n),
    ``similarity`` float64 (n); ``omitted`` has dtype scores.OMITTED. ``verdicts`` are what proof has to say, by pair.
    """

    found: npt.NDArray[np.void]
    reach: npt.NDArray[np.float32]
    similarity: npt.NDArray[np.float64]
    omitted: npt.NDArray[np.void]
    verdicts: Verdicts = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.found)

    def taken(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Matches:
        """Some of the matches, with all that was left out."""
        return Matches(self.found[which], self.reach[which], self.similarity[which], self.omitted, self.verdicts)

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
            yield judged(_signals(match, strength), self.verdicts.get((int(match["a"]), int(match["b"]))))


def matches(ctx: Context, scan: Scan) -> Matches:
    """The matches of a scan down to its floor, capped per content; of a search every one."""
    found = gathered(ctx, scan, comparison_of(ctx, scan).scores())
    return _proven(ctx, scan, found) if scan.request.proves else found


def _proven(ctx: Context, scan: Scan, found: Matches) -> Matches:
    """The matches after proof, at whatever threshold, with those that proof alone has found."""
    verdicts = proven.verdicts(ctx, scan)
    every = proven.added(found.found, verdicts)
    strength = proven.probability(every, verdicts)
    everywhere = np.ones(len(every), np.float32)
    if scan.request.upload is not None:
        return Matches(every, everywhere, strength, found.omitted, verdicts)
    kept = scores.capped(every, everywhere, ctx.settings.matches_per_image, strength)
    strength = proven.probability(kept.matches, verdicts)
    left_out = omitted([found.omitted, kept.omitted])
    return Matches(kept.matches, everywhere[: len(strength)], strength, left_out, verdicts)


def gathered(ctx: Context, scan: Scan, parts: Iterable[Scores]) -> Matches:
    """Those of the matches in ``parts`` that count, the weaker ones dropped on the way, so that memory is bounded."""
    judge = Judge(ctx, scan)
    found, left_out, waiting = judge.matches([]), [], []
    for part in parts:
        waiting.append(judge.counting(part.matches))
        left_out.append(part.omitted)
        if sum(map(len, waiting)) > _WAITING:
            found = judge.matches([found.found, *waiting])
            left_out.append(found.omitted)
            waiting = []
    found = judge.matches([found.found, *waiting])
    return replace(found, omitted=omitted([*left_out, found.omitted]))


def joined(parts: Sequence[Matches]) -> Matches:
    """All matches in one, those of the first part first, each pair once; what the first part has left out."""
    found = np.concatenate([part.found for part in parts])
    first = np.sort(np.unique(found["a"].astype(np.int64) << 32 | found["b"], return_index=True)[1])
    reach, strength = (np.concatenate([getattr(part, name) for part in parts]) for name in ("reach", "similarity"))
    return Matches(found[first], reach[first], strength[first], parts[0].omitted)


class Judge:
    """Says which matches count in a scan, and how much."""

    def __init__(self, ctx: Context, scan: Scan) -> None:
        self._wanted = scan.request
        searching = scan.request.upload is not None
        self._most = 1 << 31 if searching else ctx.settings.matches_per_image
        theirs = reference.contents(ctx, scan)
        self._theirs = np.zeros(int(theirs.max(initial=-1)) + 1, bool)
        self._theirs[theirs] = True
        self._pixels = pixels.Digests(ctx, scan, "contents")
        self._others = pixels.Digests(ctx, scan, "query") if searching else self._pixels

    def counting(self, found: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
        """Those that match, not both in reference folders; TWIN is left on those alone whose pixels are all equal."""
        counting = found[~(self._is_theirs(found["a"]) & self._is_theirs(found["b"]))].copy()
        twins = np.flatnonzero(counting["flags"] & scores.TWIN)
        one, other = self._others[counting["a"][twins]], self._pixels[counting["b"][twins]]
        counting["flags"] &= scores.MATCHES
        counting["flags"][twins[(one == other) & (one != b"")]] |= scores.TWIN
        kept: npt.NDArray[np.void] = counting[counting["flags"] != 0]
        return kept

    def matches(self, parts: Sequence[npt.NDArray[np.void]], capped: bool = True) -> Matches:
        """The strongest of these, and what the others were; all where they are not to be ``capped``."""
        found = np.concatenate([np.empty(0, scores.MATCH), *parts])
        reach, strength = _measured(self._wanted, found)
        if not capped:
            return Matches(found, reach, strength, np.empty(0, scores.OMITTED))
        kept = scores.capped(found, reach, self._most, strength)
        return Matches(kept.matches, *_measured(self._wanted, kept.matches), kept.omitted)

    def _is_theirs(self, rows: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        inside = rows < len(self._theirs)
        inside[inside] = self._theirs[rows[inside]]
        return inside


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
    certain = same | (within & (found["ssim"] >= SAME_PICTURE))
    reach = np.where(certain, 1.0, found["cosine"]) if wanted.preset is Preset.DEEP else strength
    return reach.astype(np.float32), strength


def _signals(match: np.void, strength: float) -> Signals:
    cosine = None if np.isnan(match["cosine"]) else float(match["cosine"])
    ssim = None if np.isnan(match["ssim"]) else float(match["ssim"])
    distance = None if match["distance"] == scores.UNKNOWN else int(match["distance"])
    if match["flags"] & scores.TWIN:
        return Signals.equal(Kind.SAME_PIXELS, cosine, distance, ssim)
    return Signals(strength, Kind.LOOK_ALIKE, cosine, distance, ssim)
