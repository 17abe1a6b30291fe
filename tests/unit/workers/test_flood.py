"""Floods: images with very many matches keep the strongest, memory stays small, and groups are as if all were kept."""

from __future__ import annotations

import resource
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.context import Context
from shared.domain.scan import Preset, State
from shared.services import review
from shared.settings import Settings
from shared.store import keys, results
from tests.unit.workers import contents
from tests.unit.workers.contents import Contents
from workers import scores, spaces
from workers.scores import MATCH, MATCHES
from workers.stages.best import Best

MOST = 5


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, block_size=150, matches_per_image=MOST)


def together(*parts: Contents) -> Contents:
    columns = ((getattr(part, name) for part in parts) for name in ("hashes", "grey", "vectors"))
    digests = [digest for part in parts for digest in part.digests]
    return Contents(digests, *(np.concatenate(list(column)) for column in columns))


def groups(ctx: Context, scan_id: str, made: Contents, preset: Preset) -> set[tuple[str, frozenset[str]]]:
    contents.planned(ctx, scan_id, made.digests, preset=preset)
    assert contents.run(ctx, scan_id)["state"] == State.DONE
    with results.opened(ctx.layout.result(scan_id)) as reader:
        return {(g.keeper.id, frozenset(m.image.id for m in g.members)) for g in reader.groups()}


@pytest.mark.parametrize("preset", [Preset.NEAR, Preset.DEEP, Preset.EXACT])
def test_groups_are_those_of_all_matches(ctx: Context, preset: Preset) -> None:
    scenes = [contents.frames(90, 32, seed) for seed in (1, 2, 3)]
    made = together(*scenes, contents.families(120))
    contents.store_features(ctx, made)
    if preset is Preset.EXACT:  # hashes of one scene are near, and the pixels of every other frame are equal
        pixels = [(b"even" if n % 2 else made.digests[n]).ljust(32, b"x") for n in range(len(made))]
        spaces.full(ctx).append(pa.table({"digest": made.digests, "pixels": pixels}), None)
    capped = groups(ctx, "capped", made, preset)
    every = groups(replace(ctx, settings=replace(ctx.settings, matches_per_image=10**6)), "all", made, preset)
    assert capped == every
    if preset is not Preset.EXACT:
        assert sum(len(members) == 90 for _, members in capped) == 3


def test_a_flood_keeps_few_pairs_and_tells_how_many_there_are(ctx: Context) -> None:
    count = 900
    made = contents.frames(count)
    contents.store_features(ctx, made)
    ((keeper, members),) = groups(ctx, "scan", made, Preset.NEAR)
    assert len(members) == count
    with results.opened(ctx.layout.result("scan")) as reader:
        assert len(list(reader.pairs())) <= count * (MOST + 1)
        assert reader.image(keeper)
        told = dict(reader.omitted())
        listed = dict.fromkeys(members, 0)
        for pair in reader.pairs():
            listed[pair.a] += 1
            listed[pair.b] += 1
    assert keeper not in told
    assert all(told.get(i, 0) + listed[i] == count - 1 for i in members)
    stored = sum(path.stat().st_size for path in (ctx.layout.comparison / "scores").rglob("*-*"))
    assert stored < count * 6 * 2 * 18 * 12  # blocks, ends, bytes, matches kept of a flooded image


@pytest.mark.parametrize("count", [300, 1200])
def test_redis_holds_little_for_an_image_and_nothing_for_a_pair(ctx: Context, count: int) -> None:
    made = contents.families(count)
    contents.store_features(ctx, made)
    contents.planned(ctx, "scan", made.digests, preset=Preset.DEEP)
    found = contents.run(ctx, "scan")
    held = sum(ctx.redis.memory_usage(key, samples=0) for key in ctx.redis.scan_iter(f"{keys.scan('scan')}*"))
    assert held < 300 * count
    assert held < 16_000 + 2 * count  # whatever is found
    assert int(found["matches"]) > count / 2


matches_lists = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(80, 100)).filter(lambda m: m[0] < m[1]),
    unique_by=lambda m: m[:2], max_size=45,
)  # fmt: skip


@hypothesis_settings(deadline=None)
@given(matches_lists, st.integers(1, 4), st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_strongest_do_not_depend_on_the_order_they_come_in(found, most, random, pieces) -> None:
    def ended(listed):
        best = Best(10, most)
        for part in np.array_split(np.arange(len(listed)), pieces):
            some = np.zeros(len(part), MATCH)
            some["a"], some["b"] = [listed[n][0] for n in part], [listed[n][1] for n in part]
            some["flags"] = MATCHES
            best.add(some, np.array([listed[n][2] / 100 for n in part], np.float32))
            best._settle()
        kept, reach = best.ended(most)
        order = np.lexsort((kept.matches["b"], kept.matches["a"]))
        return kept.matches[order].tolist(), reach[order].tolist(), kept.omitted.tolist()

    shuffled = list(found)
    random.shuffle(shuffled)
    assert ended(found) == ended(shuffled)
    whole = np.zeros(len(found), MATCH)
    whole["a"], whole["b"], whole["flags"] = [m[0] for m in found], [m[1] for m in found], MATCHES
    at_once = scores.capped(whole, np.array([m[2] / 100 for m in found], np.float32), most)
    assert sorted(at_once.matches.tolist()) == ended(found)[0]
    assert at_once.omitted.tolist() == ended(found)[2]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_frames_of_a_still_scene(ctx: Context) -> None:
    ctx = replace(ctx, settings=Settings(data=ctx.settings.data))
    count = 100_000
    made = contents.frames(count)
    contents.store_features(ctx, made, wider=0)
    pixels = [digest[::-1] for digest in made.digests]  # no two are equal
    spaces.full(ctx).append(pa.table({"digest": made.digests, "pixels": pa.array(pixels, pa.binary(32))}), None)
    contents.planned(ctx, "scan", made.digests, preset=Preset.NEAR)
    assert contents.run(ctx, "scan")["state"] == State.DONE
    page = review.groups(ctx, "scan", limit=1)
    assert page.total == 1
    assert len(page.groups[0].members) == count
    held = sum(ctx.redis.memory_usage(key, samples=0) for key in ctx.redis.scan_iter(f"{keys.scan('scan')}*"))
    assert held < 300 * count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    assert peak < 8, f"{peak:.1f} GiB"  # the made pictures are half a gigabyte of it
