"""A scan's findings for other programs: groups as CSV or JSON, one row a picture; files that could not be read as CSV.

Invariant: in CSV a cell never begins as a formula does (a file may be called ``=cmd``): such a cell is opened with an
apostrophe, as OWASP's page on CSV injection advises. The columns are documented in docs/api.md.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from shared.context import Context
from shared.domain.model import Group, Member, Signals
from shared.services import review, scans
from shared.services.selection import Selection, selected

PICTURE_COLUMNS = (
    "path", "size", "width", "height", "format", "modified", "sha256",
    "similarity", "kind", "tier", "confidence", "cosine", "distance", "ssim",
)  # fmt: skip
GROUP_COLUMNS = ("group", "keeper", *PICTURE_COLUMNS)
UNREADABLE_COLUMNS = ("path", "code", "reason")
VERSION = 1
_ALL = Selection()
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def groups(ctx: Context, scan_id: str, selection: Selection = _ALL) -> Iterator[str]:
    """Groups as lines of CSV. Raises NotFound, Conflict at once."""
    _, found = selected(ctx, scan_id, selection)
    rows = (_row(ctx, group, member) for group in found for member in group.members)
    return _lines(GROUP_COLUMNS, rows)


def groups_json(ctx: Context, scan_id: str, selection: Selection = _ALL) -> Iterator[str]:
    """Groups as pieces of one JSON document, a group a line. Raises NotFound, Conflict at once."""
    _, found = selected(ctx, scan_id, selection)
    return _document(ctx, scan_id, found)


def _document(ctx: Context, scan_id: str, found: Iterable[Group]) -> Iterator[str]:
    yield json.dumps({"version": VERSION, "scan": scan_id})[:-1] + ', "groups": ['
    for number, group in enumerate(found):
        yield (",\n" if number else "\n") + json.dumps(_object(ctx, group), ensure_ascii=False)
    yield "\n]}\n"


def _object(ctx: Context, group: Group) -> dict[str, Any]:
    pictures = [
        {"keeper": member.image.id == group.keeper.id} | dict(zip(PICTURE_COLUMNS, picture(ctx, member), strict=True))
        for member in group.members
    ]
    about = {"id": group.id, "kind": group.kind, "similarity": group.similarity, "freed": group.freed}
    return about | {"pictures": pictures}


def unreadable(ctx: Context, scan_id: str) -> Iterator[str]:
    """Files that could not be used as lines of CSV. Raises NotFound, Conflict at once."""
    found = scans.unreadable(ctx, scan_id)
    rows = ((review.display_path(ctx, one.library, one.path), one.code, one.reason) for one in found)
    return _lines(UNREADABLE_COLUMNS, rows)


def _row(ctx: Context, group: Group, member: Member) -> tuple[object, ...]:
    return group.id, "yes" if member.image.id == group.keeper.id else "no", *picture(ctx, member)


def picture(ctx: Context, member: Member) -> tuple[object, ...]:
    """What is told of a picture, as PICTURE_COLUMNS name it."""
    image, why = member.image, member.signals
    modified = datetime.fromtimestamp(image.mtime_ns / 1e9, UTC).isoformat(timespec="seconds")
    about = (review.display_path(ctx, image.library, image.path), image.size, image.width, image.height, image.format)
    return *about, modified, image.digest, *_signals(why)


def _signals(why: Signals | None) -> tuple[object, ...]:
    if why is None:
        return (None,) * 7
    return why.similarity, why.kind, why.tier, why.confidence, why.cosine, why.distance, why.ssim


def _lines(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    yield _line(columns)
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_safe(cell) for cell in cells])
    return line.getvalue()


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
