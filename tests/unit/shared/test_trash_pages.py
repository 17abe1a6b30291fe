"""The trash page by page: each picture once, the latest first, whatever is moved meanwhile; the answer stays small."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from shared.context import Context
from shared.domain.deletion import Action, BatchKind
from shared.domain.errors import InvalidRequest
from shared.services import trash_pages
from shared.services.trash_pages import Page, Sum
from shared.store import journal
from shared.store.journal import Move


def move(entry: str, deleted: float, **other: object) -> Move:
    name = entry.encode()
    fields = {"kind": BatchKind.TRASH, "entry": entry, "batch": entry.partition(".")[0], "image": f"image of {entry}"}
    fields |= {"library": "l", "root": b"/r", "path": b"p/" + name, "can": b".Trash-0", "name": name, "digest": "d"}
    return Move(**(fields | {"size": 10, "deleted": deleted} | other))  # type: ignore[arg-type]


def done(ctx: Context, *moves: Move) -> None:
    for one in moves:
        with journal.opened(ctx.layout, one.batch) as log:
            log.intent(one)
            log.done(one.entry)


def names(page: Page) -> list[str]:
    return [entry.id for entry, _ in page.entries]


def everything(ctx: Context, limit: int) -> list[str]:
    found, after = [], ""
    while True:
        page = trash_pages.page(ctx, after, limit)
        found += names(page)
        if page.next is None:
            return found
        assert len(page.entries) == limit
        after = page.next


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_pages_hold_each_picture_once_the_latest_first_also_those_of_one_moment(ctx: Context, limit: int) -> None:
    done(ctx, *(move(f"a.{n}", 5.5) for n in range(4)), move("b.0", 7.25), move("c.0", 1.0))
    assert everything(ctx, limit) == ["b.0", "a.0", "a.1", "a.2", "a.3", "c.0"]


def test_what_comes_and_goes_meanwhile_moves_no_page(ctx: Context) -> None:
    done(ctx, *(move(f"a.{n}", 10.0 - n) for n in range(6)))
    first = trash_pages.page(ctx, limit=3)
    done(ctx, move("b.0", 20.0), move("a.2", 21.0, kind=BatchKind.RESTORE, batch="r"))
    assert first.next is not None
    second = trash_pages.page(ctx, first.next, limit=3)
    assert names(first) + names(second) == [f"a.{n}" for n in range(6)]
    assert second.next is None


def test_what_went_along_stands_beside_its_picture_or_for_itself_where_that_is_gone(ctx: Context) -> None:
    along = [move(entry, 5.5, image="") for entry in ("a.0.f", "a.0.e")]
    done(ctx, move("a.0", 5.0), *along, move("b.0.x", 4.0, image=""))
    page = trash_pages.page(ctx)
    assert [(entry.id, paths) for entry, paths in page.entries] == [("a.0", [b"p/a.0.e", b"p/a.0.f"]), ("b.0.x", [])]
    assert page.whole == Sum(2, 20)


def test_sums_are_of_all_that_a_plan_or_a_batch_moved_wherever_the_page_ends(ctx: Context) -> None:
    planned = [move(f"{batch}.{n}", 5.0, plan="p1") for batch in "ab" for n in range(3)]
    done(ctx, *planned, move("c.0", 9.0, size=7), move("d.0", 1.0), move("e.0", 9.5, action=Action.MOVE))
    page = trash_pages.page(ctx, limit=2)
    assert names(page) == ["c.0", "a.0"]
    assert page.sums == {"c": Sum(1, 7), "p1": Sum(6, 60)}
    assert page.whole == Sum(8, 77)


@pytest.mark.parametrize("after", ["x", "~", "5.0", "nan~a.0", "inf~a.0", "~a.0"])
def test_a_place_that_is_none_is_refused(ctx: Context, after: str) -> None:
    with pytest.raises(InvalidRequest):
        trash_pages.page(ctx, after)


def test_a_page_of_a_hundred_thousand_comes_at_once(ctx: Context, tmp_path: Path) -> None:
    ctx.layout.journal.mkdir(parents=True)
    for batch in range(100):
        lines = []
        for n in range(1000):
            fields = journal._to_json(move(f"{batch:03}.{n}", float(batch)))
            lines.append(json.dumps({"v": 1, "event": "intent", "entry": f"{batch:03}.{n}"} | fields))
            lines.append(json.dumps({"v": 1, "event": "done", "entry": f"{batch:03}.{n}"}))
        (ctx.layout.journal / f"{batch:03}.jsonl").write_text("\n".join(lines) + "\n")
    first = trash_pages.page(ctx)  # reads the journals, once
    begun = time.perf_counter()
    assert first.next is not None
    page = trash_pages.page(ctx, first.next)
    assert time.perf_counter() - begun < 2
    assert (len(page.entries), page.whole.pictures, page.sums["099"]) == (50, 100_000, Sum(1000, 10_000))
