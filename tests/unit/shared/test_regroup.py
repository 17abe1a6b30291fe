"""Groups at another threshold, from a result: the same as a scan at that threshold would form."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.context import Context
from shared.domain.errors import Conflict, InvalidRequest, NotFound
from shared.domain.groups import rank
from shared.domain.model import Image, Kind, Pair, Signals
from shared.domain.scan import Folder, Preset, ScanKind, ScanRequest, State
from shared.domain.similarity import single
from shared.services import around, regroup, review, scans
from shared.store import keys, results
from shared.store import scans as store

FLOOR = 0.8


def image(n: int, content: int | None = None) -> Image:
    digest = f"{n if content is None else content:064x}"
    return Image(f"{n:032x}", "lib", f"{n:03}.jpg".encode(), 1000 - n, 5, digest, 40, 30, "JPEG")


def signals(reach: float) -> Signals:
    return Signals(reach, Kind.LOOK_ALIKE, reach, 20, None)


def write(ctx: Context, images: list[Image], pairs: list[Pair], omitted: tuple = (), **request: object) -> str:
    wanted = ScanRequest((Folder("lib"),), Preset.DEEP, **request)  # type: ignore[arg-type]
    store.create(ctx.redis, "s1", wanted, time.time())
    ctx.redis.hset(keys.scan("s1"), mapping={"state": State.DONE, "ended": time.time()})
    result = results.Result(len(images), images, omitted, [], pairs, [], [], {}, single(wanted.threshold), FLOOR)
    results.write(ctx.layout.result("s1"), result)
    return "s1"


def pair(a: Image, b: Image, reach: float) -> Pair:
    return Pair(a.id, b.id, signals(reach), single(reach))


@pytest.fixture
def scan(ctx: Context) -> str:
    """a and its copy e; b matches a at 0.95, c matches b at 0.85 and a at 0.82; d is alone with c at 0.81."""
    a, b, c, d, e = images = [image(n, content=0 if n == 4 else n) for n in range(5)]
    exact = Pair(a.id, e.id, Signals(1.0, Kind.EXACT))
    found = [exact, pair(a, b, 0.95), pair(b, c, 0.85), pair(a, c, 0.82), pair(c, d, 0.81)]
    return write(ctx, images, found, omitted=[(c.id, 86, 3)])


@pytest.mark.parametrize(
    ("threshold", "counts"),
    [(1.0, (1, 1, 996, 1, 0)), (0.9, (1, 2, 1995, 2, 0)), (0.86, (1, 2, 1995, 2, 1)), (0.82, (1, 3, 2993, 4, 1)),
     (0.8, (1, 3, 2993, 5, 1))],
)  # fmt: skip
def test_a_threshold_tells_what_there_would_be(ctx: Context, scan: str, threshold: float, counts: tuple) -> None:
    found = regroup.preview(ctx, scan, threshold)
    assert (found.groups, found.images, found.freed, found.matches, found.capped) == counts
    assert (found.threshold, found.floor) == (threshold, FLOOR)
    assert found.shown == pytest.approx(0.9)


def test_what_was_chosen_is_shown_from_then_on(ctx: Context, scan: str) -> None:
    told = regroup.preview(ctx, scan, 0.82)
    assert regroup.apply(ctx, scan, 0.82).shown == pytest.approx(0.82)
    (group,) = review.groups(ctx, scan).groups
    assert [member.image.path for member in group.members] == [b"000.jpg", b"004.jpg", b"001.jpg", b"002.jpg"]
    assert group.similarity == pytest.approx(0.82)
    progress = scans.progress(ctx, scan)
    assert (progress.groups, progress.matches) == (told.groups, told.matches)
    with results.opened(ctx.layout.result(scan)) as reader:
        assert len(list(reader.pairs())) == told.matches
        assert reader.omitted() == [(image(2).id, 3)]
    regroup.apply(ctx, scan, 0.9)
    assert [len(group.members) for group in review.groups(ctx, scan).groups] == [3]
    assert [path.name for path in ctx.layout.scan(scan).iterdir()] == ["result.sqlite"]


def test_below_the_floor_a_scan_is_needed(ctx: Context, scan: str) -> None:
    with pytest.raises(InvalidRequest, match="Scan again"):
        regroup.preview(ctx, scan, 0.79)


def test_a_search_has_no_groups(ctx: Context) -> None:
    scan = write(ctx, [], [], kind=ScanKind.FIND, upload="0" * 32)
    with pytest.raises(Conflict, match="A search"):
        regroup.preview(ctx, scan, 0.9)


def test_too_many_matches_are_refused_with_what_to_do(ctx: Context, scan: str, monkeypatch) -> None:
    monkeypatch.setattr(regroup, "MOST_PAIRS", 3)
    with pytest.raises(Conflict, match="Scan again"):
        regroup.apply(ctx, scan, 0.9)


edges = st.dictionaries(
    st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda e: e[0] < e[1]), st.integers(80, 100), max_size=40
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(edges, st.integers(80, 100))
def test_every_member_matches_its_keeper_at_the_threshold(ctx: Context, tmp_path: Path, found, percent: int) -> None:
    ctx.redis.flushdb()
    images = [image(n) for n in range(12)]
    scan = write(ctx, images, [pair(images[a], images[b], reach / 100) for (a, b), reach in found.items()])
    told = regroup.apply(ctx, scan, percent / 100)
    groups = review.groups(ctx, scan, limit=100).groups
    assert told.groups == len(groups)
    reached = {tuple(images[n].id for n in sorted(edge)) for edge, reach in found.items() if reach >= percent}
    for group in groups:
        for member in group.members[1:]:
            assert tuple(sorted((group.keeper.id, member.image.id))) in reached
    taken = {member.image.id for group in groups for member in group.members}
    assert all(not {a, b}.isdisjoint(taken) for a, b in reached)


@pytest.mark.slow  # it goes by the clock
def test_a_hundred_thousand_pairs_take_under_a_second(ctx: Context) -> None:
    draw = random.Random(1)
    images = [image(n) for n in range(60_000)]
    edges = {tuple(sorted((n, min(59_999, n + draw.randint(1, 9))))) for n in range(59_998) for _ in range(2)}
    pairs = [pair(images[a], images[b], draw.uniform(0.8, 1.0)) for a, b in edges if a != b]
    assert len(pairs) > 100_000
    scan = write(ctx, images, pairs)
    times = []
    for threshold in (0.8, 0.85, 0.8):
        begun = time.perf_counter()
        regroup.preview(ctx, scan, threshold)
        times.append(time.perf_counter() - begun)
    assert min(times) < 1.0, times


def test_around_another_keeper_what_does_not_match_it_leaves(ctx: Context, scan: str) -> None:
    a, b, c, _, e = (image(n, content=0 if n == 4 else n) for n in range(5))
    regroup.apply(ctx, scan, 0.82)
    (group,) = review.groups(ctx, scan).groups  # a, its copy e, b and c
    around_c = around.around(ctx, scan, group.id, c.id)
    assert around_c.group is not None
    assert around_c.group.keeper == c
    assert [m.image.id for m in around_c.group.members] == [c.id, b.id, a.id, e.id]
    assert around_c.group.similarity == pytest.approx(0.82)
    assert around_c.group.freed == a.size + b.size + e.size
    assert around_c.left == ()
    regroup.apply(ctx, scan, 0.9)
    (group,) = review.groups(ctx, scan).groups
    assert [m.image.id for m in around.around(ctx, scan, group.id, e.id).group.members] == [e.id, a.id, b.id]
    with pytest.raises(NotFound):
        around.around(ctx, scan, group.id, c.id)


def test_who_is_like_the_old_keeper_alone_leaves(ctx: Context) -> None:
    a, b, c = images = [image(n) for n in range(3)]
    scan = write(ctx, images, [pair(a, b, 0.95), pair(a, c, 0.95)])
    regroup.apply(ctx, scan, 0.9)
    found = around.around(ctx, scan, 1, b.id)
    assert found.group is not None
    assert [m.image.id for m in found.group.members] == [b.id, a.id]
    assert found.left == (c,)


def test_a_damaged_file_keeps_no_group_in_which_there_is_a_whole_one(ctx: Context) -> None:
    torn, small = replace(image(0), width=400, damaged=True), image(1)
    assert sorted([torn, small], key=rank) == [small, torn]
    scan = write(ctx, sorted([torn, small], key=rank), [pair(small, torn, 0.95)])
    regroup.apply(ctx, scan, 0.9)
    (group,) = review.groups(ctx, scan).groups
    assert group.keeper == small
    assert around.around(ctx, scan, group.id, torn.id).group.keeper.damaged  # type: ignore[union-attr]
