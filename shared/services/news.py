"""What a scan found that the one before it, of the same folders in the same way, had not.

Invariant: matches are told apart by the two paths alone, whichever comes first; so a picture that moved is news.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from shared.context import Context
from shared.domain.errors import Conflict, NotFound
from shared.domain.scan import ScanRequest, State
from shared.services import scans
from shared.store import scans as store

_LOOK_BACK = 1000


@dataclass(frozen=True, slots=True)
class News:
    """``more``: images now less images then, None where there was no earlier scan; ``pairs`` and ``unreadable``
    as the JSON result has them (docs/api.md), those that are new."""

    images: int
    more: int | None
    pairs: tuple[dict[str, Any], ...]
    unreadable: tuple[dict[str, Any], ...]


def earlier_result(ctx: Context, wanted: ScanRequest) -> dict[str, Any] | None:
    """The JSON result of the latest scan that was asked for like this and ended well, None where there is none."""
    for scan_id in store.latest(ctx.redis, _LOOK_BACK):
        with suppress(NotFound, Conflict):  # removed since the list was read, or its result has been
            if (
                store.fields(ctx.redis, scan_id)["state"] == State.DONE
                and store.get(ctx.redis, scan_id).request == wanted
            ):
                return scans.result(ctx, scan_id)
    return None


def news(now: dict[str, Any], earlier: dict[str, Any] | None) -> News:
    """Compare two JSON results."""
    before = earlier or {"pairs": [], "unreadable": []}
    known = {_pair(pair) for pair in before["pairs"]}
    unreadable = {_place(file, "path") for file in before["unreadable"]}
    return News(
        images=now["images"],
        more=None if earlier is None else now["images"] - earlier["images"],
        pairs=tuple(pair for pair in now["pairs"] if _pair(pair) not in known),
        unreadable=tuple(file for file in now["unreadable"] if _place(file, "path") not in unreadable),
    )


def _pair(pair: dict[str, Any]) -> frozenset[str]:
    return frozenset((_place(pair, "a"), _place(pair, "b")))


def _place(found: dict[str, Any], name: str) -> str:
    # of two names that are not UTF-8 the readable form may be the same
    place: str = found.get(f"{name}_b64", found[name])
    return place
