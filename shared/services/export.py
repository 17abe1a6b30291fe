"""A scan's findings as CSV, for spreadsheets: one line a picture of a group, one line a file that could not be read.

Invariant: a cell never begins as a formula does (a file may be called ``=cmd``): such a cell is opened with an
apostrophe, as OWASP's page on CSV injection advises. The columns are documented in docs/api.md.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from shared.context import Context
from shared.domain.model import Group, Member
from shared.services import review, scans

GROUP_COLUMNS = (
    "group", "keeper", "path", "size", "width", "height", "format", "modified", "sha256",
    "similarity", "kind", "cosine", "distance", "ssim",
)  # fmt: skip
UNREADABLE_COLUMNS = ("path", "code", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def groups(ctx: Context, scan_id: str) -> Iterator[str]:
    """Lines of the groups that are not decided away, most bytes freed first. Raises NotFound, Conflict at once."""
    with review.deciding(ctx, scan_id) as reader:
        hidden = reader.hidden()
        found = [group for group in reader.groups() if group.id not in hidden]
    rows = (_row(ctx, group, member) for group in found for member in group.members)
    return _lines(GROUP_COLUMNS, rows)


def unreadable(ctx: Context, scan_id: str) -> Iterator[str]:
    """Lines of the files that could not be used. Raises NotFound, Conflict at once."""
    found = scans.unreadable(ctx, scan_id)
    rows = ((review.display_path(ctx, one.library, one.path), one.code, one.reason) for one in found)
    return _lines(UNREADABLE_COLUMNS, rows)


def _row(ctx: Context, group: Group, member: Member) -> tuple[object, ...]:
    image, why = member.image, member.signals
    modified = datetime.fromtimestamp(image.mtime_ns / 1e9, UTC).isoformat(timespec="seconds")
    about = (review.display_path(ctx, image.library, image.path), image.size, image.width, image.height, image.format)
    signals = (why.similarity, why.kind, why.cosine, why.distance, why.ssim) if why else (None,) * 5
    return (group.id, "yes" if image.id == group.keeper.id else "no", *about, modified, image.digest, *signals)


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
