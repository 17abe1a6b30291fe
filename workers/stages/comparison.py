"""The pairs of blocks of a scan: which must be compared, and the scores of all of them in rows of its contents.

Invariant: whatever was compared before and whatever is masked, the scores are those of the scan's contents, each pair
of them once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shared.context import Context
from shared.domain.chunking import block_pair, pair_count
from shared.store.scans import Scan
from workers import cover, kept, scores, tables
from workers.scores import Scores
from workers.stages.blocks import Signals, load_block, load_query
from workers.stages.compare import compare


class Comparison:
    """The comparison of one scan, by the tables that its index unit has written."""

    def __init__(self, ctx: Context, scan: Scan) -> None:
        self._ctx, self._scan = ctx, scan
        blocks = tables.read(ctx, scan.id, tables.indexed(scan, "blocks"))
        self.names: list[str] = blocks["block"].to_pylist()
        self.counts: list[int] = blocks["rows"].to_pylist()
        self._starts: list[int] = blocks["first"].to_pylist()
        self._searching = scan.request.upload is not None

    @classmethod
    def of(cls, ctx: Context, scan: Scan) -> Comparison:
        """The same for all units of a scan that this process does."""
        return _of(ctx, scan)

    @cached_property
    def tasks(self) -> list[int]:
        """The pairs, by number, whose scores were not kept when the scan was planned."""
        found: list[int] = tables.read(self._ctx, self._scan.id, tables.indexed(self._scan, "tasks"))[
            "pair"
        ].to_pylist()
        return found

    @property
    def size(self) -> int:
        """How many pairs of blocks there are; of a search, blocks."""
        return len(self.names) if self._searching else pair_count(len(self.names))

    def missing(self) -> list[int]:
        """The pairs whose scores are not kept; those of the others are of use still."""
        return [pair for pair in range(self.size) if not kept.touch(self._path(pair))]

    def pairs(self, pair: int) -> int:
        """How many pairs of the scan's contents it holds."""
        if self._searching:
            return self.counts[pair]
        i, j = block_pair(pair)
        return self.counts[i] * (self.counts[i] - 1) // 2 if i == j else self.counts[i] * self.counts[j]

    def compare(self, pair: int) -> Scores:
        """Compare two blocks, or the image that is searched for with one, and keep the scores. Raises ScanFailed."""
        left = float(sum(self.pairs(task) for task in self.tasks))
        signals = Signals.of(self._scan, left)
        if self._searching:
            one, other = load_query(self._ctx, self._scan, signals), load_block(self._ctx, signals, self.names[pair])
            found = compare(self._ctx, self._scan, one, other, same=False)
        else:
            i, j = block_pair(pair)
            one, other = (load_block(self._ctx, signals, self.names[at]) for at in (i, j))
            found = compare(self._ctx, self._scan, one, other, same=i == j)
        kept.write(self._path(pair), found)
        return found

    def scores(self) -> Iterator[Scores]:
        """The scores of every pair of blocks, in rows of the scan's contents; one that is lost is compared anew."""
        for pair in range(self.size):
            found = kept.read(self._path(pair)) or self.compare(pair)
            yield self._in_rows(found, pair)

    def known(self) -> Iterator[Scores]:
        """The scores of the pairs of blocks that have been compared so far."""
        for pair in range(self.size):
            found = kept.read(self._path(pair))
            if found is not None:
                yield self._in_rows(found, pair)

    def _path(self, pair: int) -> Path:
        i, j = (pair, pair) if self._searching else block_pair(pair)
        return kept.path(self._ctx, self._scan, self.names[i], self.names[j])

    def _in_rows(self, found: Scores, pair: int) -> Scores:
        i, j = (pair, pair) if self._searching else block_pair(pair)
        first = np.zeros(1, np.int64) if self._searching else self._rows(i)
        rows = first if not self._searching and i == j else np.concatenate([first, self._rows(j)])
        matches, omitted = found.matches.copy(), found.omitted.copy()
        a, b = rows[matches["a"]], rows[matches["b"]]
        there, left = (a >= 0) & (b >= 0), rows[omitted["row"]] >= 0
        matches["a"], matches["b"], omitted["row"] = a, b, rows[omitted["row"]]
        twins = rows[found.twins]
        return Scores(matches[there], omitted[left], twins[twins >= 0].astype(np.uint32))

    def _rows(self, block: int) -> NDArray[np.int64]:
        return _rows(self._ctx, self._scan, self.names[block], self._starts[block], self.counts[block])


@lru_cache(maxsize=2)
def _of(ctx: Context, scan: Scan) -> Comparison:
    return Comparison(ctx, scan)


@lru_cache(maxsize=256)
def _rows(ctx: Context, scan: Scan, name: str, start: int, count: int) -> NDArray[np.int64]:
    """The row of each content of a block, -1 where it is masked; int64 (n,)."""
    digests = pa.array([row.tobytes() for row in cover.read(ctx.layout.comparison / "blocks", name)], pa.binary(32))
    mine = _digests(ctx, scan).slice(start, count)
    place = pc.fill_null(pc.index_in(digests, value_set=mine), -1).to_numpy().astype(np.int64)
    rows: NDArray[np.int64] = np.where(place >= 0, place + start, -1)
    return rows


@lru_cache(maxsize=1)
def _digests(ctx: Context, scan: Scan) -> pa.Array:
    table = tables.read(ctx, scan.id, tables.indexed(scan, "contents"), ["digest"])
    return table["digest"].combine_chunks()


def omitted(parts: list[NDArray[np.void]]) -> NDArray[np.void]:
    """The counts of what was left out, of several pairs of blocks."""
    return scores.counted(np.concatenate([np.empty(0, scores.OMITTED), *parts]))
