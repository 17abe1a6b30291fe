"""Groups of a finished scan at another threshold, from the matches that it kept: nothing is compared again.

Invariant: at the threshold of the scan these are the groups that the scan itself formed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from shared.context import Context
from shared.domain.errors import Conflict, InvalidRequest
from shared.domain.groups import Copy, Formed, form, neighbours
from shared.domain.model import Kind, Signals
from shared.domain.scan import ScanKind
from shared.domain.similarity import single
from shared.services import access
from shared.store import results, scans
from shared.store.results import Grouped, ResultReader

MOST_PAIRS = 2_000_000
"""More would keep a page waiting for half a minute; a scan at the other threshold reuses the comparison."""
_EXACT = Signals.equal(Kind.EXACT)


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What there would be at ``threshold``: groups, images that may go, the bytes they free, matches.

    ``shown`` is the threshold of the groups as they are shown, 0 for a preset without one; ``floor`` the lowest that
    can be asked for. ``capped`` images have matches that were counted, but not kept: their groups may come out
    smaller than those of a scan at this threshold.
    """

    threshold: float
    shown: float
    floor: float
    groups: int
    images: int
    freed: int
    matches: int
    capped: int


def preview(ctx: Context, scan_id: str, threshold: float) -> Regrouped:
    """What there would be at another threshold.

    Raises NotFound; Conflict while the scan has not ended well, for a search (``no_groups``), and where too many
    matches were found (``too_many_pairs``); InvalidRequest below the floor (``below_floor``).
    """
    with _reading(ctx, scan_id, threshold) as reader:
        return _summary(reader, threshold, *_form(reader, threshold))


def apply(ctx: Context, scan_id: str, threshold: float) -> Regrouped:
    """Show the groups of another threshold from now on. Raises as :func:`preview`, and Forbidden (read-only)."""
    access.check_changes(ctx.settings)
    path = ctx.layout.result(scan_id)
    with _reading(ctx, scan_id, threshold) as reader:
        formed, copies = _form(reader, threshold)
        found = _summary(reader, threshold, formed, copies)
        groups = _listed(formed, copies, reader.signals_of(single(threshold)))
    results.replace_groups(path, single(threshold), groups)
    scans.count_groups(ctx.redis, scan_id, found.groups, found.matches)
    return replace(found, shown=single(threshold))


@contextmanager
def _reading(ctx: Context, scan_id: str, threshold: float) -> Iterator[ResultReader]:
    request = scans.get(ctx.redis, scan_id).request
    if request.kind is ScanKind.FIND:
        raise Conflict("A search has matches, not groups.", code="no_groups")
    if request.proves:
        raise Conflict("The matches of this scan are proven, and go by no threshold.", code="no_threshold")
    with results.opened(ctx.layout.result(scan_id)) as reader:
        _check(reader, threshold)
        yield reader


def _check(reader: ResultReader, threshold: float) -> None:
    if not single(reader.floor()) <= single(threshold) <= 1.0:
        raise InvalidRequest(
            f"Matches of this scan were kept from {reader.floor():.2f} to 1, and {threshold} is outside."
            " Scan again with the threshold that you want.",
            code="below_floor",
        )
    pairs = reader.pair_count()
    if pairs > MOST_PAIRS:
        raise Conflict(
            f"This scan found {pairs:,} matches, too many to form groups anew here. Scan again with the threshold that"
            " you want: what was compared is kept.",
            code="too_many_pairs",
        )


def _form(reader: ResultReader, threshold: float) -> tuple[list[Formed[int]], Mapping[int, Sequence[Copy]]]:
    """Groups of contents, each known by the number of the best image that holds it; and the images of each."""
    first: dict[str, int] = {}
    copies: dict[int, list[Copy]] = {}
    for number, digest, *copy in reader.copies():
        best = first.setdefault(digest, number)
        copies.setdefault(best, []).append(Copy._make(copy))
    return form(sorted(copies), neighbours(reader.reaching(single(threshold))), copies), copies


def _summary(
    reader: ResultReader, threshold: float, formed: Sequence[Formed[int]], copies: Mapping[int, Sequence[Copy]]
) -> Regrouped:
    members = (sum(len(copies[item]) for item in (group.keeper, *group.members)) for group in formed)
    return Regrouped(
        threshold=threshold,
        shown=reader.shown(),
        floor=reader.floor(),
        groups=len(formed),
        images=sum(members) - len(formed),
        freed=sum(group.freed for group in formed),
        matches=reader.pair_count(single(threshold)),
        capped=len(reader.omitted(single(threshold))),
    )


def _listed(
    formed: Sequence[Formed[int]], copies: Mapping[int, Sequence[Copy]], signals: Mapping[tuple[int, int], Signals]
) -> list[Grouped]:
    return [_images(group, copies, signals) for group in formed]


def _images(
    group: Formed[int], copies: Mapping[int, Sequence[Copy]], signals: Mapping[tuple[int, int], Signals]
) -> Grouped:
    best, *equal = copies[group.keeper]
    listed = [(copy.image, _EXACT) for copy in equal]
    for item in group.members:
        why = signals[min(group.keeper, item), max(group.keeper, item)]
        listed += [(copy.image, why) for copy in copies[item]]
    return best.image, listed, group.freed
