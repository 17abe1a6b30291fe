"""Which contents of a scan lie in its reference folders: compared with the others, not with each other.

Invariant: one file there makes a content one of the reference. Of two such contents no match is told, so that a group
holds one of them at most, and a copy of it elsewhere is found as its copy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from shared.context import Context
from shared.store.scans import Scan
from workers import tables


def contents(ctx: Context, scan: Scan) -> npt.NDArray[np.int64]:
    """The rows of contents.parquet that lie in reference folders, in ascending order; int64 (n,)."""
    if not scan.request.reference:
        return np.empty(0, np.int64)
    images = tables.read(ctx, scan.id, tables.indexed(scan, "images"), ["library", "path", "content"])
    places = zip(images["library"].to_pylist(), images["path"].to_pylist(), strict=True)
    theirs = np.fromiter((scan.request.is_reference(*place) for place in places), bool, len(images))
    return np.unique(images["content"].to_numpy()[theirs]).astype(np.int64)


def crossing(ctx: Context, scan: Scan, found: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Those of some pairs (fields ``a`` and ``b``) of which not both sides lie in reference folders."""
    theirs = contents(ctx, scan)
    kept: npt.NDArray[np.void] = found[~(np.isin(found["a"], theirs) & np.isin(found["b"], theirs))]
    return kept
