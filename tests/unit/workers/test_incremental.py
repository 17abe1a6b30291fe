"""Blocks stay with the library from scan to scan: nothing is compared twice, and the result is the same."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shared.context import Context
from shared.domain.chunking import pair_count
from shared.domain.scan import Preset, State
from shared.services import scans
from shared.settings import Settings
from tests.unit.workers import contents
from tests.unit.workers.contents import Contents
from workers.stages import comparison as comparing

COUNT, BLOCK = 1200, 100


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, block_size=BLOCK)


@pytest.fixture
def made(ctx: Context) -> Contents:
    found = contents.families(COUNT)
    contents.store_features(ctx, found)
    return found


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pairs of contents each comparison of two blocks has looked at, as they happen."""
    seen: list[int] = []
    compare = comparing.compare

    def counting(ctx, scan, a, b, same):  # type: ignore[no-untyped-def]
        seen.append(len(a) * (len(a) - 1) // 2 if same else len(a) * len(b))
        return compare(ctx, scan, a, b, same)

    monkeypatch.setattr(comparing, "compare", counting)
    return seen


def assert_same(ctx: Context, one: str, other: str) -> None:
    """The same pairs and groups, but for the last bits of a number: they depend on where in its block a row is."""
    (words, numbers), (others, near) = _taken_apart(scans.result(ctx, one)), _taken_apart(scans.result(ctx, other))
    assert words == others
    assert np.allclose(numbers, near, rtol=0, atol=1e-6)


def _taken_apart(result: dict[str, Any]) -> tuple[str, list[float]]:
    """All of it but the numbers in an order that does not depend on them, and the numbers in that order."""
    result["pairs"].sort(key=lambda pair: (pair["a"], pair["b"]))
    for group in result["groups"]:
        group["members"].sort(key=lambda member: member["path"])
    result["groups"].sort(key=lambda group: group["keeper"])
    numbers: list[float] = []
    parsed = json.loads(json.dumps(result), parse_float=lambda number: numbers.append(float(number)))
    return json.dumps(parsed, sort_keys=True), numbers


def scanned(ctx: Context, name: str, digests: list[bytes], preset: Preset = Preset.DEEP) -> dict[str, str]:
    contents.planned(ctx, name, digests, preset=preset)
    fields = contents.run(ctx, name)
    assert fields["state"] == State.DONE, fields
    assert fields["pairs"] == fields["pairs_done"] == str(len(digests) * (len(digests) - 1) // 2)
    return fields


@pytest.mark.parametrize("preset", [Preset.NEAR, Preset.DEEP])
def test_one_percent_more_costs_two_percent_of_the_comparison(
    ctx: Context, made: Contents, compared: list[int], preset: Preset
) -> None:
    most = COUNT * 100 // 101
    scanned(ctx, "first", made.digests[:most], preset)
    assert len(compared) == pair_count(12)
    whole = sum(compared)
    compared.clear()
    scanned(ctx, "second", made.digests, preset)
    assert len(compared) == 13  # the new block with itself and each of the others
    assert sum(compared) < 0.022 * whole
    compared.clear()
    scanned(ctx, "third", made.digests, preset)
    assert compared == []
    assert_same(ctx, "second", "third")
    shutil.rmtree(ctx.layout.comparison)
    scanned(ctx, "anew", made.digests, preset)
    assert_same(ctx, "second", "anew")


def test_what_was_removed_is_masked(ctx: Context, made: Contents, compared: list[int]) -> None:
    scanned(ctx, "first", made.digests)
    compared.clear()
    left = [digest for n, digest in enumerate(made.digests) if n % 3]
    scanned(ctx, "second", left)
    assert compared == []
    shutil.rmtree(ctx.layout.comparison)
    scanned(ctx, "anew", left)
    assert_same(ctx, "second", "anew")


def test_a_part_of_a_library_has_blocks_of_its_own(ctx: Context, made: Contents, compared: list[int]) -> None:
    scanned(ctx, "whole", made.digests)
    compared.clear()
    scanned(ctx, "part", made.digests[::5])  # a fifth of each block: none serves
    assert sum(compared) == 240 * 239 // 2


def test_small_blocks_are_put_together_when_they_are_many(ctx: Context, made: Contents, compared: list[int]) -> None:
    scanned(ctx, "first", made.digests[:1000])
    for turn in range(1, 12):
        scanned(ctx, f"turn {turn}", made.digests[: 1000 + 5 * turn])
    blocks = comparing.Comparison(ctx, scans.store.get(ctx.redis, "turn 11")).counts
    assert sum(blocks) == 1055
    assert len(blocks) <= 10 + 9
    shutil.rmtree(ctx.layout.comparison)
    scanned(ctx, "anew", made.digests[:1055])
    assert_same(ctx, "turn 11", "anew")


def test_another_way_to_compare_reuses_nothing(ctx: Context, made: Contents, compared: list[int]) -> None:
    scanned(ctx, "near", made.digests[:300], Preset.NEAR)
    compared.clear()
    scanned(ctx, "deep", made.digests[:300])
    assert len(compared) == pair_count(3)


def test_scores_that_were_lost_or_torn_are_computed_anew(ctx: Context, made: Contents, compared: list[int]) -> None:
    contents.planned(ctx, "scan", made.digests[:300], preset=Preset.DEEP)
    contents.run(ctx, "scan", until=contents.Phase.GROUP)
    one, other, *_ = sorted((ctx.layout.comparison / "scores").rglob("*-*"))
    one.unlink()
    other.write_bytes(other.read_bytes()[:-1])
    compared.clear()
    contents.run(ctx, "scan")
    assert len(compared) == 2


def test_a_projection_is_kept_while_it_serves(ctx: Context, made: Contents, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.workers.test_compare import _always
    from workers.stages import projections

    learned = []
    monkeypatch.setattr(projections, "fit", lambda *args: learned.append(len(args[0])) or _always(*args))
    names = [scanned(ctx, f"of {count}", made.digests[:count])["projection"] for count in (500, 505, 900, 1100)]
    assert len(learned) == 2  # at first, and when there were twice as many
    assert len({*names[:3]}) == 1


def test_the_result_does_not_depend_on_the_order_of_the_tasks(ctx: Context, made: Contents) -> None:
    scanned(ctx, "in order", made.digests[:400])
    shutil.rmtree(ctx.layout.comparison / "scores")
    contents.planned(ctx, "shuffled", made.digests[:400], preset=Preset.DEEP)
    fields = contents.run(ctx, "shuffled", until=contents.Phase.COMPARE)
    tasks = list(range(int(fields[f"total:{contents.Phase.COMPARE}"])))
    random.Random(3).shuffle(tasks)
    assert len(tasks) == pair_count(4)
    for unit in tasks:
        contents.units.run(ctx, "shuffled", contents.Phase.COMPARE, unit, contents.STAGES[contents.Phase.COMPARE])
    contents.run(ctx, "shuffled")
    assert_same(ctx, "shuffled", "in order")
