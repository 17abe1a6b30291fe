"""From packed scores to matches between contents: which count, how strong they are, and why.

Contents are rows of contents.parquet; the content that is searched for is QUERY.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from shared.context import Context
from shared.domain import similarity
from shared.domain.model import Kind, Signals
from shared.domain.scan import ScanRequest
from shared.store import scans as store
from shared.store.scans import Scan
from workers import reference, scores, spaces, tables
from workers.scores import Scores

QUERY = -1

Matches = dict[tuple[int, int], Signals]
"""Signals by (row, row) of contents, the smaller row first."""


def matches(ctx: Context, scan: Scan) -> tuple[Matches, dict[int, int]]:
    """The matches of a scan, capped per content, and how many of a content's were left out."""
    everything = _scores(ctx, scan)
    found = _counting(ctx, scan, _crossing(ctx, scan, everything.matches))
    signals = [_signals(scan.request, match) for match in found]
    if scan.request.upload is not None:
        return {(QUERY, row): s for row, s in zip(found["b"].tolist(), signals, strict=True)}, {}
    strength = np.array([s.similarity for s in signals], np.float32)
    kept = scores.capped(found, strength, ctx.settings.matches_per_image)
    by_rows = dict(zip(_rows(found), signals, strict=True))
    return {pair: by_rows[pair] for pair in _rows(kept.matches)}, _omitted(everything, kept)


def _scores(ctx: Context, scan: Scan) -> Scores:
    packed = store.scores(ctx.redis, scan.id)
    return scores.concatenate([Scores.unpack(packed[number]) for number in sorted(packed)])


def _crossing(ctx: Context, scan: Scan, found: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Those of which not both sides lie in reference folders."""
    theirs = reference.contents(ctx, scan)
    crossing: npt.NDArray[np.void] = found[~(np.isin(found["a"], theirs) & np.isin(found["b"], theirs))]
    return crossing


def _rows(found: npt.NDArray[np.void]) -> list[tuple[int, int]]:
    return list(zip(found["a"].tolist(), found["b"].tolist(), strict=True))


def _omitted(*parts: Scores) -> dict[int, int]:
    omitted: dict[int, int] = defaultdict(int)
    for part in parts:
        for row, count in part.omitted.tolist():
            omitted[row] += count
    return omitted


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


def _signals(wanted: ScanRequest, match: np.void) -> Signals:
    cosine = None if np.isnan(match["cosine"]) else float(match["cosine"])
    ssim = None if np.isnan(match["ssim"]) else float(match["ssim"])
    distance = int(match["distance"])
    if match["flags"] & scores.TWIN:
        return Signals(1.0, Kind.SAME_PIXELS, cosine, distance, ssim)
    near = similarity.near(distance, ssim) if ssim is not None and distance <= wanted.max_distance else None
    strength = near or 0.0 if cosine is None else similarity.deep(cosine, near)  # cosines are the preset deep's alone
    return Signals(strength, Kind.SIMILAR, cosine, distance, ssim)
