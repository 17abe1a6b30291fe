"""Pairs of a result around a threshold, drawn to be judged; and how many pairs reach how far.

Only pairs that are alike but not equal are drawn and counted: of the others nobody doubts that they match.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.model import Kind

_SIMILAR = f"kind NOT IN ('{Kind.EXACT}', '{Kind.SAME_PIXELS}')"


@dataclass(frozen=True, slots=True)
class Sampled:
    """Two images, by id, the digests of their contents, and the highest threshold at which they match."""

    a: str
    b: str
    digests: tuple[str, str]
    reach: float


def counts(db: sqlite3.Connection) -> dict[int, int]:
    """Pairs by whole hundredths of their reach."""
    query = f"SELECT CAST(reach * 100 + 1e-6 AS INTEGER), count(*) FROM pair WHERE {_SIMILAR} GROUP BY 1"  # noqa: S608
    return dict(db.execute(query).fetchall())


def draw(db: sqlite3.Connection, least: float, most: float, limit: int, seed: int) -> list[Sampled]:
    """Some pairs that reach from ``least`` up to below ``most``, as if shuffled; ``seed`` says how."""
    return _sampled(
        db,
        f"SELECT a, b, reach FROM pair WHERE {_SIMILAR} AND reach >= ? AND reach < ?"  # noqa: S608
        " ORDER BY (a * 2654435761 + b * 40503 + ?) % 1000003 LIMIT ?",
        (least, most, seed * 7919, limit),
    )


def judged(db: sqlite3.Connection, pairs: Iterable[tuple[str, str]]) -> list[Sampled]:
    """Those of these pairs of contents (digests) that the result holds."""
    both_ways = sorted({ordered for a, b in pairs for ordered in ((a, b), (b, a))})
    return _sampled(
        db,
        "SELECT p.a, p.b, p.reach FROM json_each(?) j"  # noqa: S608 - made of our own words
        " CROSS JOIN image i ON i.digest = json_extract(j.value, '$[0]') CROSS JOIN pair p ON p.a = i.number"
        f" JOIN image k ON k.number = p.b WHERE p.{_SIMILAR} AND k.digest = json_extract(j.value, '$[1]')",
        (json.dumps(both_ways),),
    )


def _sampled(db: sqlite3.Connection, query: str, values: tuple[object, ...]) -> list[Sampled]:
    rows = db.execute(
        f"SELECT x.id, y.id, x.digest, y.digest, s.reach FROM ({query}) s"  # noqa: S608
        " JOIN image x ON x.number = s.a JOIN image y ON y.number = s.b",
        values,
    )
    return [Sampled(a, b, (one, other), reach) for a, b, one, other, reach in rows]
