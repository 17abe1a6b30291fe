"""Pairs to be proven and what became of them, as files in the scan's folder.

pairs.npy, closing.npy            the pairs (rows of contents.parquet), in order
proofs/<pairs or closing>-<n>.npy the verdicts on chunk n of them

Invariant: whoever does a unit again writes the same.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.context import Context
from shared.domain.errors import ScanFailed
from shared.store.scans import Scan
from shared.whole import written_whole
from workers.proof.records import PROOF, Proofs

PAIRS, CLOSING = "pairs", "closing"
PAIR = np.dtype([("a", "<u4"), ("b", "<u4")])


def pairs(ctx: Context, scan: Scan, name: str) -> NDArray[np.void]:
    """The pairs that were chosen, dtype PAIR. Raises ScanFailed."""
    return load(ctx.layout.scan(scan.id) / f"{name}.npy")


def choose(ctx: Context, scan: Scan, name: str, chosen: NDArray[np.void]) -> None:
    """Remember pairs, dtype PAIR, that are to be proven."""
    save(ctx.layout.scan(scan.id) / f"{name}.npy", chosen)


def keep(ctx: Context, scan: Scan, name: str, unit: int, found: Proofs) -> None:
    """Remember the verdicts on one chunk."""
    save(ctx.layout.scan(scan.id) / "proofs" / f"{name}-{unit}.npy", found)


def found(ctx: Context, scan: Scan, name: str, units: int) -> Proofs:
    """All verdicts on the pairs of ``name``, of which there are ``units`` chunks. Raises ScanFailed."""
    folder = ctx.layout.scan(scan.id) / "proofs"
    return np.concatenate([np.empty(0, PROOF), *(load(folder / f"{name}-{unit}.npy") for unit in range(units))])


def save(path: Path, rows: NDArray[np.void]) -> None:
    """Write rows, whole or not at all."""
    with written_whole(path) as draft, draft.open("wb") as file:
        np.save(file, rows, allow_pickle=False)


def load(path: Path) -> NDArray[np.void]:
    """Read rows. Raises ScanFailed: they are gone or torn."""
    try:
        rows: NDArray[np.void] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ScanFailed(
            f"A table of this scan cannot be read ({path.name}: {error}). Was the data folder changed? Scan again.",
            code="table_lost",
        ) from error
    return rows
