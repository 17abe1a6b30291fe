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
from workers.stages.blocks import Signals, load_block
from workers.stages.compare import compare


class Comparison:
    """The comparison of one scan, by the tables that its index unit has written."""

    def __init__(self, ctx: Context, scan: Scan) -> None:
        self._ctx, self._scan = ctx, scan
        blocks = tables.read(ctx, scan.id, tables.indexed(scan, "blocks"))
        self.names: list[str] = blocks["block"].to_pylist()
        self.counts: list[int] = blocks["rows"].to_pylist()
        self._starts: list[int] = blocks["first"].to_pylist()

    @cached_property
    def tasks(self) -> list[int]:
        """The pairs, by number, whose scores were not kept when the scan was planned."""
        found: list[int] = tables.read(self._ctx, self._scan.id, tables.indexed(self._scan, "tasks"))[
            "pair"
        ].to_pylist()
        return found

    @property
    def size(self) -> int:
        """How many pairs of blocks there are."""
        return pair_count(len(self.names))

    def missing(self) -> list[int]:
        """The pairs whose scores are not kept; those of the others are of use still."""
        return [pair for pair in range(self.size) if not kept.touch(self._path(pair))]

    def pairs(self, pair: int) -> int:
        """How many pairs of the scan's contents it holds."""
        i, j = block_pair(pair)
        return self.counts[i] * (self.counts[i] - 1) // 2 if i == j else self.counts[i] * self.counts[j]

    def compare(self, pair: int) -> Scores:
        """Compare two blocks, and keep the scores. Raises ScanFailed."""
        i, j = block_pair(pair)
        one, other = (load_block(self._ctx, self._signals(), self.names[at]) for at in (i, j))
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

    def _signals(self) -> Signals:
        return Signals.of(self._scan, float(sum(self.pairs(task) for task in self.tasks)))

    def _path(self, pair: int) -> Path:
        i, j = block_pair(pair)
        return kept.path(self._ctx, self._scan, self.names[i], self.names[j])

    def _in_rows(self, found: Scores, pair: int) -> Scores:
        i, j = block_pair(pair)
        return in_rows(found, self.rows(i) if i == j else np.concatenate([self.rows(i), self.rows(j)]))

    def rows(self, block: int) -> NDArray[np.int64]:
        """The row of each content of a block, -1 where it is masked; int64 (n,)."""
        return _rows(self._ctx, self._scan, self.names[block], self._starts[block], self.counts[block])


def in_rows(found: Scores, rows: NDArray[np.int64]) -> Scores:
    """The scores of images by the row of each, without those whose row is -1."""
    matches, omitted = found.matches.copy(), found.omitted.copy()
    a, b = rows[matches["a"]], rows[matches["b"]]
    there, left = (a >= 0) & (b >= 0), rows[omitted["row"]] >= 0
    matches["a"], matches["b"], omitted["row"] = a, b, rows[omitted["row"]]
    twins = rows[found.twins]
    return Scores(matches[there], omitted[left], twins[twins >= 0].astype(np.uint32))


@lru_cache(maxsize=256)
def _rows(ctx: Context, scan: Scan, name: str, start: int, count: int) -> NDArray[np.int64]:
    digests = pa.array([row.tobytes() for row in cover.read(ctx.layout.comparison / "blocks", name)], pa.binary(32))
    part = tables.read_rows(ctx, scan.id, tables.indexed(scan, "contents"), range(start, start + count), ["digest"])
    mine = part["digest"].combine_chunks()
    place = pc.fill_null(pc.index_in(digests, value_set=mine), -1).to_numpy().astype(np.int64)
    rows: NDArray[np.int64] = np.where(place >= 0, place + start, -1)
    return rows


def omitted(parts: list[NDArray[np.void]]) -> NDArray[np.void]:
    """The counts of what was left out, of several pairs of blocks."""
    return scores.counted(np.concatenate([np.empty(0, scores.OMITTED), *parts]))
