"""Proven matches: what comparison has found, overruled by proof, and what proof alone has found.

Equal pixels need no proof. A pair that was compared and could not be proven stays as a look-alike; one that was only
nominated counts where it shows one picture, or one scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from shared.context import Context
from shared.domain.model import Kind, Signals
from shared.domain.scan import Phase
from shared.store import scans as store
from shared.store.scans import Scan
from workers import proofs, reference, scores
from workers.proof import records
from workers.proof.consensus import settled

UNPROVEN = 0.01
"""The probability that is shown of a pair that has nothing in common but its impression."""

Verdicts = Mapping[tuple[int, int], np.void]
"""Rows of dtype PROOF by their pair, the smaller row first (a search: 0 and the row)."""

_LOOK_ALIKE = records.KINDS.index(Kind.LOOK_ALIKE)


def verdicts(ctx: Context, scan: Scan) -> Verdicts:
    """What became of every pair that could be laid on one another. Raises ScanFailed."""
    fields = store.fields(ctx.redis, scan.id)
    phases = ((proofs.PAIRS, Phase.PROVE), (proofs.CLOSING, Phase.REPROVE))
    parts = [proofs.found(ctx, scan, name, int(fields.get(f"total:{phase}", 0))) for name, phase in phases]
    found = np.concatenate(parts)
    if scan.request.upload is None:
        found = reference.crossing(ctx, scan, settled(found))
    return {(int(proof["a"]), int(proof["b"])): proof for proof in found}


def added(found: npt.NDArray[np.void], verdicts: Verdicts) -> npt.NDArray[np.void]:
    """Matches (dtype scores.MATCH) with those that proof alone has found."""
    known = set(zip(found["a"].tolist(), found["b"].tolist(), strict=True))
    fresh = [pair for pair, proof in verdicts.items() if proof["kind"] != _LOOK_ALIKE and pair not in known]
    more = np.zeros(len(fresh), scores.MATCH)
    more["a"], more["b"] = [a for a, _ in fresh], [b for _, b in fresh]
    more["distance"], more["flags"] = scores.UNKNOWN, scores.MATCHES
    more["cosine"] = more["ssim"] = np.nan
    return np.concatenate([found, more])


def probability(found: npt.NDArray[np.void], verdicts: Verdicts) -> npt.NDArray[np.float64]:
    """That the two of each match show one picture: float64 (n)."""
    unproven = np.where((found["flags"] & scores.TWIN) != 0, 1.0, UNPROVEN)
    pairs = zip(found["a"].tolist(), found["b"].tolist(), unproven.tolist(), strict=True)
    said = [before if before == 1 else _confidence(verdicts.get((a, b))) for a, b, before in pairs]
    return np.array(said, np.float64)


def _confidence(verdict: np.void | None) -> float:
    return UNPROVEN if verdict is None else float(verdict["confidence"])


def judged(before: Signals, verdict: np.void | None) -> Signals:
    """The signals of a match, after proof; as they were where there is no verdict."""
    if verdict is None:
        return before
    after = records.signals(verdict, before.cosine, before.distance, before.ssim)
    return replace(before, alignment=after.alignment) if before.kind is Kind.SAME_PIXELS else after
