"""Nominate: for each content of a block, those others that may show the same picture.

Three sources, each of which sees what the others miss: hashes of the turned versions, the nearest neighbours by deep
features (where there is a network), and votes of local features (in libraries that are not too large).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.context import Context
from shared.domain.chunking import NOMINATED_AT_ONCE, chunk_range
from shared.domain.errors import ScanFailed
from shared.store import scans as store
from shared.store.scans import Found, Scan
from workers import proofs, spaces, tables
from workers.candidates import votes
from workers.candidates.neighbours import nearest
from workers.candidates.nominees import Nominees, merged, ranked
from workers.candidates.variety import varied
from workers.features import Space
from workers.pairs.hamming import hamming_join
from workers.stages.blocks import positions, stored
from workers.stages.searchable import VOTES
from workers.vision.local import MOST

_EACH = 25
_VOTED = 12  # each costs a proof, and the right ones have the most votes
_COUNTED = 96  # of the most votes, among which variety is looked for


def nominate(ctx: Context, scan: Scan, unit: int) -> Found:
    """Write nominees/<unit>.npy: the nominees of one block of contents, or of the query."""
    fields = store.fields(ctx.redis, scan.id)
    contents = int(fields["contents"])
    searching = scan.request.upload is not None
    rows = range(1) if searching else chunk_range(unit, contents, NOMINATED_AT_ONCE)
    asking = _digests(ctx, scan, "query" if searching else "contents")[rows.start : rows.stop]
    library = _Library(fields.get("base", scan.id), ctx, scan, contents)
    first = -1 if searching else rows.start
    sources = [_by_hash(scan, asking, library, first), _by_vote(ctx, scan, asking, library, first)]
    sources.append(_by_network(ctx, scan, asking, library, first))
    proofs.save(folder(ctx, scan) / f"{unit}.npy", merged(sources, ctx.settings.candidates_per_image))
    return Found()


def folder(ctx: Context, scan: Scan) -> Path:
    """Where the nominees of a scan lie."""
    return ctx.layout.scan(scan.id) / "nominees"


@lru_cache(maxsize=4)
def _digests(ctx: Context, scan: Scan, table: str) -> list[bytes]:
    found: list[bytes] = tables.read(ctx, scan.id, tables.indexed(scan, table), ["digest"])["digest"].to_pylist()
    return found


def local_space(ctx: Context, scan: Scan) -> Space:
    """The local features of a scan that proves its matches."""
    space = spaces.local(ctx, scan)
    if space is None:
        raise ValueError("this scan has no local features")
    return space


@dataclass(frozen=True, slots=True)
class _Library:
    """The contents of a scan; the same for all searches that go by it: ``origin`` is its id."""

    origin: str
    ctx: Context = field(compare=False)
    scan: Scan = field(compare=False)
    count: int = field(compare=False)

    @property
    def digests(self) -> list[bytes]:
        return _digests(self.ctx, self.scan, "contents")

    def __len__(self) -> int:
        return self.count


@lru_cache(maxsize=1)
def _turned_of(library: _Library) -> npt.NDArray[np.uint64]:
    """As :func:`_turned`, of a whole library: 64 MB for a million contents."""
    return _turned(local_space(library.ctx, library.scan), library.digests)


def _turned(space: Space, digests: list[bytes]) -> npt.NDArray[np.uint64]:
    """The hashes of the eight turned versions of contents: uint64 (n, 8)."""
    found = space.take(positions(space, digests))["turned"].to_pylist()
    return np.frombuffer(b"".join(found), "<u8").reshape(-1, 8).astype(np.uint64)


def _by_hash(scan: Scan, asking: list[bytes], library: _Library, first: int) -> Nominees:
    """Those of which a turned version is within the hash distance."""
    upright = _turned(local_space(library.ctx, scan), asking)[:, :1]
    parts: list[tuple[npt.NDArray[np.int64], ...]] = []
    all_turned = np.ascontiguousarray(_turned_of(library).reshape(-1, 1))
    for near in hamming_join(np.ascontiguousarray(upright), scan.request.max_distance, all_turned):
        row, other = near.i.astype(np.int64) + max(first, 0), near.j.astype(np.int64) // 8
        apart = np.flatnonzero((row != other) | (first < 0))
        parts.append((row[apart], other[apart], near.distance[apart].astype(np.int64)))
    row, other, distance = (np.concatenate([part[n] for part in parts] or [np.empty(0, np.int64)]) for n in range(3))
    return ranked(row, other, -distance.astype(np.float64), _EACH)


def _by_network(ctx: Context, scan: Scan, asking: list[bytes], library: _Library, first: int) -> Nominees:
    """The nearest by deep features; none for a scan without a network."""
    space = spaces.deep(ctx, scan)
    most = ctx.settings.neighbours
    if space is None or most == 0 or not len(library):
        return ranked(*(np.empty(0, np.int64),) * 2, np.empty(0), 0)
    mine = stored(space, asking)[np.arange(len(asking))]
    itself = np.full(len(asking), -1) if first < 0 else np.arange(first, first + len(asking))
    found = nearest(mine, itself, stored(space, library.digests), most)
    row = np.repeat(np.arange(len(asking)) + max(first, 0), found.place.shape[1])
    there = found.place.reshape(-1) >= 0
    return ranked(row[there], found.place.reshape(-1)[there], found.cosine.reshape(-1)[there].astype(np.float64), most)


def _by_vote(ctx: Context, scan: Scan, asking: list[bytes], library: _Library, first: int) -> Nominees:
    """Those that share parts; none in a library of more than ``LOOKALIKE_VOTES_UP_TO`` contents."""
    if not len(library) or len(library) > ctx.settings.votes_up_to:
        return ranked(*(np.empty(0, np.int64),) * 2, np.empty(0), 0)
    kept, bits = _vote_tables(ctx, scan)
    space = local_space(ctx, scan)
    mine = votes.features(space.rows(positions(space, asking)), max(first, 0), bits)
    if first < 0:  # the query stands in no table: give it a number beyond them all
        mine = replace(mine, owner=mine.owner + np.uint32(len(library)))
    found = votes.vote(mine, kept, len(library) + 1)
    row = np.zeros_like(found.row) if first < 0 else found.row
    counted = ranked(row, found.other, found.count.astype(np.float64), _COUNTED)
    hashes = _turned(space, asking)[counted["row"].astype(np.int64) - max(first, 0), 0]
    early = varied(counted, hashes, _turned_of(library)[counted["other"]], scan.request.max_distance)
    return ranked(counted["row"].astype(np.int64), counted["other"].astype(np.int64), early, _VOTED)


@lru_cache(maxsize=1)
def _vote_tables(ctx: Context, scan: Scan) -> tuple[list[votes.Table], int]:
    """The tables of a scan and the bits of their words; made by whoever needs them first, mapped by all."""
    space, library = local_space(ctx, scan), _digests(ctx, scan, "contents")
    at = positions(space, library)
    pieces = [slice(start, start + 1024) for start in range(0, len(library), 1024)]
    bits = votes.word_bits(len(library) * MOST)
    place = ctx.layout.scan(scan.id) / f"{VOTES}-{bits}"
    if not place.is_dir():
        parts = [votes.features(space.rows(at[piece]), piece.start, bits) for piece in pieces]
        _save(place, votes.build(votes.joined(parts), bits))
    try:
        return votes.load(place), bits
    except (OSError, ValueError) as error:
        raise ScanFailed(
            f"A table of this scan cannot be read ({place.name}: {error}). Was the data folder changed? Scan again.",
            code="table_lost",
        ) from error


def _save(place: Path, made: list[votes.Table]) -> None:
    """As a whole folder or not at all; whoever comes second drops what it has made."""
    draft = place.with_name(tables.version(f".{place.name}"))
    draft.mkdir(parents=True)
    votes.save(draft, made)
    try:
        draft.rename(place)
    except OSError:
        shutil.rmtree(draft)
        if not place.is_dir():
            raise
