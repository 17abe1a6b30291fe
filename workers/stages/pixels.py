"""The digests of all pixels of contents, looked up for those that are asked for: few of a library have a twin."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shared.context import Context
from shared.store.scans import Scan
from workers import spaces, tables


class Digests:
    """Of the rows of one table of a scan; what the store holds when it is first asked is what counts."""

    def __init__(self, ctx: Context, scan: Scan, table: str) -> None:
        self._ctx, self._scan, self._table = ctx, scan, table

    def __getitem__(self, rows: npt.NDArray[np.uint32]) -> npt.NDArray[np.bytes_]:
        """The digest of all pixels of each row, empty where it is not known; S32 (n)."""
        distinct, at = np.unique(rows, return_inverse=True)
        space = spaces.full(self._ctx)
        space.refresh()
        positions = space.find(self._contents.take(pa.array(distinct)).to_pylist())
        pixels = np.zeros(len(distinct), "S32")
        known = np.flatnonzero(positions >= 0)
        if len(known):
            pixels[known] = space.take(positions[known])["pixels"].to_pylist()
        return pixels[at]

    @cached_property
    def _contents(self) -> pa.Array:
        name = tables.indexed(self._scan, self._table)
        return tables.read(self._ctx, self._scan.id, name, ["digest"])["digest"].combine_chunks()
