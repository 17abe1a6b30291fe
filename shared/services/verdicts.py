"""Decide about pairs, list and revise what was decided, take decisions over from elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence

from shared.context import Context
from shared.domain.model import Image
from shared.domain.review import Decision, Verdict, digest_pair
from shared.services import access, review
from shared.store import verdicts as store


def decide(ctx: Context, scan_id: str, pairs: Sequence[tuple[str, str]], verdict: Verdict | None) -> int:
    """Give pairs of images of a scan a verdict (None: forget theirs); returns how many were changed.

    Raises NotFound, Conflict, Forbidden (read-only).
    """
    wanted = [(review.image(ctx, scan_id, a), review.image(ctx, scan_id, b)) for a, b in pairs]
    if verdict is None:
        return forget(ctx, [digest_pair(a.digest, b.digest) for a, b in wanted])
    return put(ctx, [_decision(a, b, verdict) for a, b in wanted])


def put(ctx: Context, decisions: Sequence[Decision]) -> int:
    """Remember decisions, in the place of earlier ones. Raises Forbidden (read-only)."""
    access.check_changes(ctx.settings)
    store.put(ctx.redis, decisions)
    return len({(d.a, d.b) for d in decisions})


def forget(ctx: Context, pairs: Sequence[tuple[str, str]]) -> int:
    """Forget decisions; returns how many there were. Raises Forbidden (read-only)."""
    access.check_changes(ctx.settings)
    return store.forget(ctx.redis, pairs)


def listed(ctx: Context) -> list[Decision]:
    """All decisions, the latest first."""
    return store.listed(ctx.redis)


def _decision(one: Image, other: Image, verdict: Verdict) -> Decision:
    first, second = (one, other) if one.digest <= other.digest else (other, one)
    return Decision(first.digest, second.digest, verdict, (_name(first), _name(second)), time.time())


def _name(image: Image) -> str:
    return image.path.rpartition(b"/")[2].decode("utf-8", "backslashreplace")
