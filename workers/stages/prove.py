"""Prove: each pair of a chunk laid on one another; see workers.proof."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shared.context import Context
from shared.domain.chunking import chunk_range
from shared.store.scans import Found, Scan
from workers import proofs, tables
from workers.proof.evidence import gather, turn_of
from workers.proof.records import PROOF, record
from workers.proof.verdict import judge
from workers.stages.blocks import positions
from workers.stages.nominate import local_space
from workers.vision.local import Local, loaded

AT_ONCE = 256
"""Pairs of a unit: one or two seconds."""


def prove_chunk(ctx: Context, scan: Scan, unit: int) -> Found:
    """Prove a chunk of the pairs."""
    return _prove(ctx, scan, proofs.PAIRS, unit)


def reprove_chunk(ctx: Context, scan: Scan, unit: int) -> Found:
    """As :func:`prove_chunk`, of the pairs within groups."""
    return _prove(ctx, scan, proofs.CLOSING, unit)


def _prove(ctx: Context, scan: Scan, name: str, unit: int) -> Found:
    rows = chunk_range(unit, len(pairs := proofs.pairs(ctx, scan, name)), AT_ONCE)
    some = pairs[rows.start : rows.stop]
    searching = scan.request.upload is not None
    ones = _Pictures(ctx, scan, "query" if searching else "contents", some["a"])
    others = _Pictures(ctx, scan, "contents", some["b"])
    found = []
    for a, b in zip(some["a"].tolist(), some["b"].tolist(), strict=True):
        evidence = gather(ones.local(a), others.local(b), turn_of(ones.turned(a), others.turned(b)))
        if evidence is not None:
            damaged = ones.damaged(a) or others.damaged(b)
            found.append(record(a, b, judge(evidence, ones.size(a), others.size(b), damaged)))
    proofs.keep(ctx, scan, name, unit, np.array(found, PROOF))
    return Found()


@lru_cache(maxsize=2)
def _contents(ctx: Context, scan: Scan, table: str) -> pa.Table:
    return tables.read(ctx, scan.id, tables.indexed(scan, table), ["digest", "width", "height", "damaged"])


class _Pictures:
    """The features of those contents that a chunk needs, each read once."""

    def __init__(self, ctx: Context, scan: Scan, table: str, rows: npt.NDArray[np.uint32]) -> None:
        wanted = np.unique(rows)
        contents = _contents(ctx, scan, table)
        space = local_space(ctx, scan)
        some = contents.take(wanted)
        at = positions(space, some["digest"].to_pylist())
        self._place = {int(row): place for place, row in enumerate(wanted)}
        self._rows = space.rows(at)
        turned = b"".join(space.take(at)["turned"].to_pylist())
        self._turned = np.frombuffer(turned, "<u8").reshape(-1, 8).astype(np.uint64)
        self._damaged = some["damaged"].to_pylist()
        self._sizes = list(zip(some["width"].to_pylist(), some["height"].to_pylist(), strict=True))

    def local(self, row: int) -> Local:
        place = self._place[row]
        return loaded(self._rows[place], self._sizes[place])

    def turned(self, row: int) -> npt.NDArray[np.uint64]:
        hashes: npt.NDArray[np.uint64] = self._turned[self._place[row]]
        return hashes

    def damaged(self, row: int) -> bool:
        return bool(self._damaged[self._place[row]])

    def size(self, row: int) -> tuple[int, int]:
        return self._sizes[self._place[row]]
