"""Votes of local features: pictures that share a part, found by the parts alone, without any network.

A word is some bits of a descriptor. Features of two pictures that have the same word vote for the pair, each for how
far it would turn and grow; pairs for which several features agree on both are nominated (as in Lowe 2004, section 7,
with the tables of locality-sensitive hashing: Indyk & Motwani, STOC 1998).

Invariant: words that very many features share say nothing and are passed over, so that cost is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.vision.local import ROW, SIZES

TABLES = 6
LEAST = 4
"""Votes that have to agree."""

_COLUMNS = ("starts", "owner", "angle", "level")
_GROWTHS = 2 * len(SIZES) - 1
_TURNS = 12  # bins of 30 degrees; a vote counts for two, so that none falls between
_COMMON = 24  # a word that more features have than so many times the mean is passed over
_FEW_BITS, _MANY_BITS = 14, 22
_AT_ONCE = 1 << 22  # votes


@dataclass(frozen=True, slots=True)
class Table:
    """Every feature of a library by one word: ``starts`` int64 (2**bits + 1) into ``owner`` uint32, ``angle`` uint8 and
    ``level`` uint8."""

    starts: NDArray[np.int64]
    owner: NDArray[np.uint32]
    angle: NDArray[np.uint8]
    level: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Features:
    """Features of some pictures, one after another: ``owner`` uint32 (n) the picture, ``words`` int64 (n, TABLES),
    ``mirrored`` the words of the mirror image, ``angle`` uint8 (n) in 256ths of a turn, ``level`` uint8 (n) the size at
    which each was found."""

    owner: NDArray[np.uint32]
    words: NDArray[np.int64]
    mirrored: NDArray[np.int64]
    angle: NDArray[np.uint8]
    level: NDArray[np.uint8]


def word_bits(features: int) -> int:
    """Bits of a word for so many features: one or two of a library share each, by chance."""
    return min(_MANY_BITS, max(_FEW_BITS, math.ceil(math.log2(max(features, 1)))))


def features(rows: NDArray[np.uint8], first: int, bits: int) -> Features:
    """Features of stored rows (workers.vision.local.ROW), the first of which is picture ``first``."""
    stored = np.ascontiguousarray(rows).view(ROW).reshape(-1)
    there = np.arange(stored["place"].shape[1])[None, :] < stored["count"][:, None]
    owner = np.broadcast_to(np.arange(first, first + len(stored), dtype=np.uint32)[:, None], there.shape)[there]
    words, mirrored = (_words(stored[name][there], bits) for name in ("descriptor", "mirrored"))
    return Features(owner, words, mirrored, stored["angle"][there], stored["level"][there])


def joined(parts: Sequence[Features]) -> Features:
    """The features of several parts of a library, for :func:`build`."""
    names = ("owner", "words", "mirrored", "angle", "level")
    return Features(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _words(descriptor: NDArray[np.uint8], bits: int) -> NDArray[np.int64]:
    """Word t takes ``bits`` bits from bit 32 t on."""
    numbers = np.ascontiguousarray(descriptor).view("<u4")[:, :TABLES]
    return (numbers & np.uint32((1 << bits) - 1)).astype(np.int64)


def build(found: Features, bits: int) -> list[Table]:
    """The tables of a library."""
    return [_table(found, number, bits) for number in range(TABLES)]


def _table(found: Features, number: int, bits: int) -> Table:
    words = found.words[:, number]
    order = np.argsort(words, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(words, minlength=1 << bits))])
    return Table(starts.astype(np.int64), found.owner[order], found.angle[order], found.level[order])


def save(folder: Path, tables: list[Table]) -> None:
    """Write tables into a folder, to be mapped by :func:`load`."""
    for number, table in enumerate(tables):
        for name in _COLUMNS:
            np.save(folder / f"{number}-{name}.npy", getattr(table, name), allow_pickle=False)


def load(folder: Path) -> list[Table]:
    """Map what :func:`save` wrote. Raises OSError, ValueError."""
    return [
        Table(*(np.load(folder / f"{number}-{name}.npy", mmap_mode="r", allow_pickle=False) for name in _COLUMNS))
        for number in range(TABLES)
    ]


@dataclass(frozen=True, slots=True)
class Votes:
    """Pairs with enough votes: ``row`` and ``other`` int64, ``count`` int64 as many as agree."""

    row: NDArray[np.int64]
    other: NDArray[np.int64]
    count: NDArray[np.int64]


def vote(asking: Features, tables: list[Table], pictures: int) -> Votes:
    """Who the library's features vote for, of ``pictures`` in all; the mirror images of those who ask are asked for
    too."""
    parts = [_counted(asking, tables, pictures, mirrored) for mirrored in (False, True)]
    row, other, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Votes(row, other, count)


def _counted(
    asking: Features, tables: list[Table], pictures: int, mirrored: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    words = asking.mirrored if mirrored else asking.words
    angle = (128 - asking.angle.astype(np.int64)) if mirrored else asking.angle.astype(np.int64)
    keys = [_keys(asking, table, words[:, number], angle, pictures) for number, table in enumerate(tables)]
    found, count = np.unique(np.concatenate(keys), return_counts=True)
    found, count = found[count >= LEAST], count[count >= LEAST]
    pair = found // (_TURNS * _GROWTHS)
    row, other = pair // pictures, pair % pictures
    return row, other, count.astype(np.int64)


def _keys(
    asking: Features, table: Table, words: NDArray[np.int64], angle: NDArray[np.int64], pictures: int
) -> NDArray[np.int64]:
    """(row, other, growth, turn) of every vote as one number, twice: for the turn on either side."""
    starts = table.starts[words]
    counts = table.starts[words + 1] - starts
    counts = np.where(counts <= _limit(table), counts, 0)
    asked = np.repeat(np.arange(len(words)), counts)
    at = np.arange(len(asked)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(starts, counts)
    other, turn = table.owner[at].astype(np.int64), (table.angle[at].astype(np.int64) - angle[asked]) % 256
    row = asking.owner[asked].astype(np.int64)
    apart = other != row
    grown = table.level[at].astype(np.int64) - asking.level[asked] + len(SIZES) - 1
    pair = ((row * pictures + other) * _GROWTHS + grown)[apart] * _TURNS
    low = (turn[apart] * _TURNS - 128) // 256
    return np.concatenate([pair + low % _TURNS, pair + (low + 1) % _TURNS])


def _limit(table: Table) -> int:
    mean = len(table.owner) / max(1, len(table.starts) - 1)
    return max(16, round(_COMMON * max(1.0, mean)))
