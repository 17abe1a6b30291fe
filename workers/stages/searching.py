"""The comparison of a search: its image with every block, several blocks a unit.

Invariant: as that of a scan, it gives the scores in rows of the contents; nobody else reuses them, so that they are
kept as such.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from shared.context import Context
from shared.store.scans import Scan
from workers import kept, scores
from workers.scores import Scores
from workers.stages.blocks import load_block, load_query
from workers.stages.compare import compare
from workers.stages.comparison import Comparison, in_rows

AT_ONCE = 1 << 17
"""Contents of a unit: enough that sending it and writing its scores cost little beside."""


class Search(Comparison):
    """The image with runs of blocks; a "pair" is the number of a run."""

    def __init__(self, ctx: Context, scan: Scan) -> None:
        super().__init__(ctx, scan)
        ends = np.cumsum(self.counts, dtype=np.int64)
        self._runs = np.split(np.arange(len(ends)), np.flatnonzero(np.diff((ends - 1) // AT_ONCE)) + 1)

    @property
    def size(self) -> int:
        return len(self._runs) if self.names else 0

    def pairs(self, pair: int) -> int:
        return sum(self.counts[block] for block in self._runs[pair])

    def compare(self, pair: int) -> Scores:
        signals = self._signals()
        query = load_query(self._ctx, self._scan, signals)
        parts = []
        for block in self._runs[pair]:
            found = compare(self._ctx, self._scan, query, load_block(self._ctx, signals, self.names[block]), same=False)
            if len(found.matches):
                theirs = Scores(found.matches, twins=found.twins[found.twins > 0])  # without the image itself
                parts.append(in_rows(theirs, np.concatenate([np.zeros(1, np.int64), self.rows(block)])))
        matches = np.concatenate([np.empty(0, scores.MATCH), *(part.matches for part in parts)])
        twins = np.concatenate([np.empty(0, np.uint32), *(part.twins for part in parts)])
        kept.write(self._path(pair), Scores(matches, twins=twins))
        return Scores(matches, twins=twins)

    def _path(self, pair: int) -> Path:
        return self._ctx.layout.scan(self._scan.id) / "scores" / str(pair)

    def _in_rows(self, found: Scores, pair: int) -> Scores:
        return found


def planned(ctx: Context, scan: Scan) -> Comparison:
    """What a scan or a search must compare."""
    return Comparison(ctx, scan) if scan.request.upload is None else Search(ctx, scan)


@lru_cache(maxsize=2)
def comparison_of(ctx: Context, scan: Scan) -> Comparison:
    """The same for all units of a scan that this process does."""
    return planned(ctx, scan)
