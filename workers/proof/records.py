"""Verdicts as rows of a file: what a unit of proofs writes, and the end of a scan reads.

Invariant: a record is one pair of contents, the smaller row first; a search's ``a`` is 0, the query.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.domain.model import Alignment, Kind, Signals, Tier
from workers.proof.verdict import Verdict

KINDS = tuple(Kind)

PROOF = np.dtype(
    [
        ("a", "<u4"),
        ("b", "<u4"),
        ("kind", "u1"),
        ("proven", "u1"),
        ("mirrored", "u1"),
        ("inliers", "<u2"),
        ("confidence", "<f4"),
        ("shown_a", "<f4"),
        ("shown_b", "<f4"),
        ("finer", "<f4"),
        ("matrix", "<f4", 6),
    ]
)

Proofs = NDArray[np.void]


def record(a: int, b: int, verdict: Verdict) -> tuple[object, ...]:
    """A row of PROOF."""
    return (
        a, b, KINDS.index(verdict.kind), verdict.tier is Tier.PROVEN, verdict.fit.mirrored, verdict.inliers,
        verdict.confidence, verdict.shown_a, verdict.shown_b, verdict.finer, tuple(verdict.fit.matrix.reshape(-1)),
    )  # fmt: skip


def claims(proofs: Proofs) -> NDArray[np.bool_]:
    """Which of them say that both show one picture, as a whole or in part."""
    unlike = [KINDS.index(kind) for kind in (Kind.BURST, Kind.LOOK_ALIKE)]
    return ~np.isin(proofs["kind"], unlike)


def signals(
    proof: np.void, cosine: float | None = None, distance: int | None = None, ssim: float | None = None
) -> Signals:
    """What people see of a verdict."""
    return Signals(
        similarity=float(proof["confidence"]),
        kind=KINDS[int(proof["kind"])],
        cosine=cosine,
        distance=distance,
        ssim=ssim,
        tier=Tier.PROVEN if proof["proven"] else Tier.LIKELY,
        confidence=float(proof["confidence"]),
        alignment=Alignment(
            inliers=int(proof["inliers"]),
            shown=float(proof["shown_b"]),
            shows=float(proof["shown_a"]),
            finer=float(proof["finer"]),
            mirrored=bool(proof["mirrored"]),
            matrix=tuple(float(value) for value in proof["matrix"]),
        ),
    )
