"""The trash as people look at it: pictures, latest first, page by page, with what went along beside each.

Invariant: who goes on from the last picture of a page, in the order of the list, sees each picture once, whatever was
moved to the trash or out of it meanwhile.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from shared.context import Context
from shared.domain.deletion import TrashEntry, leader
from shared.domain.errors import InvalidRequest
from shared.store import journal
from shared.store.journal import Move


@dataclass(frozen=True, slots=True)
class Sum:
    """Pictures, those that went along aside, and their bytes."""

    pictures: int
    size: int


@dataclass(frozen=True, slots=True)
class Page:
    """``entries``: each with the paths of the files that went along. ``sums``: by the id of a plan, or of a batch
    without one, for those on this page, of all that it moved. ``whole``: of all. ``next``: None on the last page.
    """

    entries: list[tuple[TrashEntry, list[bytes]]]
    sums: dict[str, Sum]
    whole: Sum
    next: str | None


def page(ctx: Context, after: str = "", limit: int = 50) -> Page:
    """``limit`` pictures at most that follow the cursor ``after`` (empty: the first ones). Raises InvalidRequest."""
    there = journal.in_trash(ctx.layout)
    alone = [move for move in there.values() if leader(move.entry) not in there]  # or what it went with is here no more
    behind = _parsed(after) if after else None
    found = heapq.nsmallest(limit + 1, (m for m in alone if behind is None or _place(m) > behind), key=_place)
    shown = found[:limit]
    along = _along(there.values(), {move.entry for move in shown})
    return Page(
        [(journal.entry(move), sorted(along[move.entry])) for move in shown],
        _sums(alone, {_moved_by(move) for move in shown}),
        _sum(alone),
        _cursor(shown[-1]) if len(found) > limit else None,
    )


def _place(move: Move) -> tuple[float, str]:
    return -move.deleted, move.entry


def _moved_by(move: Move) -> str:
    return move.plan or move.batch


def _along(moves: Iterable[Move], leaders: set[str]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = defaultdict(list)
    for move in moves:
        picture = leader(move.entry)
        if picture in leaders:
            found[str(picture)].append(move.path)
    return found


def _sums(moves: Iterable[Move], wanted: set[str]) -> dict[str, Sum]:
    found: dict[str, list[Move]] = {name: [] for name in wanted}
    for move in moves:
        if _moved_by(move) in found:
            found[_moved_by(move)].append(move)
    return {name: _sum(some) for name, some in found.items()}


def _sum(moves: list[Move]) -> Sum:
    return Sum(len(moves), sum(move.size for move in moves))


def _cursor(move: Move) -> str:
    return f"{move.deleted!r}~{move.entry}"


def _parsed(text: str) -> tuple[float, str]:
    deleted, _, entry = text.partition("~")
    try:
        place = float(deleted)
        if not entry or not math.isfinite(place):
            raise ValueError
        return -place, entry
    except ValueError:
        raise InvalidRequest(f"There is no place {text[:40]} in the list. Take it from `next`.") from None
