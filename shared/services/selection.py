"""Groups to be taken along: what a filter lets through, or some that are named, one by one however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from shared.context import Context
from shared.domain.model import Group
from shared.domain.review import GroupFilter, Show, Sort
from shared.services import review
from shared.store.results import ResultReader

_AT_ONCE = 500  # groups


@dataclass(frozen=True, slots=True)
class Selection:
    """All groups that a filter lets through; or ``only`` these, by id and in this order, whatever it says."""

    wanted: GroupFilter = review.EVERYTHING
    sort: Sort = Sort.FREED
    only: tuple[int, ...] | None = None


def selected(ctx: Context, scan_id: str, selection: Selection) -> tuple[int, Iterator[Group]]:
    """How many groups are selected, and these one by one. Raises NotFound and Conflict at once, as review.groups."""
    with _reading(ctx, scan_id, selection) as reader:
        count = reader.count(selection.wanted) if selection.only is None else len(selection.only)
        for group_id in selection.only or ():
            reader.group(group_id)  # one that is not there is told before anything is written
    return count, _each(ctx, scan_id, selection)


def _each(ctx: Context, scan_id: str, selection: Selection) -> Iterator[Group]:
    with _reading(ctx, scan_id, selection) as reader:
        if selection.only is not None:
            yield from (reader.group(group_id) for group_id in selection.only)
            return
        after = ""
        while found := reader.page(selection.wanted, selection.sort, after, _AT_ONCE):
            yield from found
            after = reader.cursor(found[-1].id, selection.sort)


def _reading(ctx: Context, scan_id: str, selection: Selection) -> AbstractContextManager[ResultReader]:
    show = selection.wanted.show
    return review.deciding(ctx, scan_id, show, whole=show is Show.DECIDED)
