"""A group formed anew around another of its images: what is known to match that one stays, and the others leave.

Invariant: every member of the new group matches the new keeper by its own comparison, as in every group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.context import Context
from shared.domain.errors import NotFound
from shared.domain.model import Group, Image, Kind, Member, Signals
from shared.services import review
from shared.store.results import ResultReader

_EXACT = Signals(1.0, Kind.EXACT)


@dataclass(frozen=True, slots=True)
class Around:
    """``group`` is None where nothing matches the new keeper; ``left`` were members and are not known to match it."""

    group: Group | None
    left: tuple[Image, ...]


def around(ctx: Context, scan_id: str, group_id: int, image_id: str) -> Around:
    """Form a group anew around one of its images; nothing is written.

    Raises NotFound (scan, group, image), Conflict.
    """
    with review.deciding(ctx, scan_id) as reader:
        group = reader.group(group_id)
        keeper = next((member.image for member in group.members if member.image.id == image_id), None)
        if keeper is None:
            raise NotFound("This group holds no such image.", code="no_such_image")
        if keeper.id == group.keeper.id:
            return Around(group, ())
        others = [member.image for member in group.members if member.image.id != image_id]
        known = {other.id: _signals(reader, keeper, other) for other in others}
        found = sorted(((s, other) for other in others if (s := known[other.id])), key=lambda m: -m[0].similarity)
        left = tuple(other for other in others if known[other.id] is None)
        return Around(_formed(reader, group, keeper, found) if found else None, left)


def _signals(reader: ResultReader, keeper: Image, other: Image) -> Signals | None:
    return _EXACT if other.digest == keeper.digest else reader.relation(keeper, other)


def _formed(reader: ResultReader, group: Group, keeper: Image, found: list[tuple[Signals, Image]]) -> Group:
    members = (Member(keeper, None), *(Member(image, signals) for signals, image in found))
    files = reader.files([member.image.id for member in members])
    sizes = {files[member.image.id]: member.image.size for member in members}
    return replace(
        group,
        keeper=keeper,
        members=members,
        kind=max((signals.kind for signals, _ in found), key=list(Kind).index),
        similarity=min(signals.similarity for signals, _ in found),
        freed=sum(size for file, size in sizes.items() if file != files[keeper.id]),
    )
