"""The size of blocks: by a trial of the machine, once for a data folder, unless a person has set it."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from shared.context import Context
from workers import upkeep
from workers.pairs.spectrum import Costs
from workers.stages import block_size
from workers.stages.block_size import fitting, largest_block


def machine(monkeypatch: pytest.MonkeyPatch, multiply_ns: float) -> None:
    monkeypatch.setattr(block_size, "measure_costs", lambda: Costs(multiply_ns, 1.0, 1.0, 1.0))


@pytest.mark.parametrize("multiply_ns", [0.002, 0.0205, 0.1, 0.5])
def test_the_dearest_task_takes_about_twenty_seconds(multiply_ns: float) -> None:
    size = fitting(multiply_ns)
    assert size.bit_count() == 1
    assert 10 <= size**2 * 4096 * multiply_ns * 1e-9 <= 40


@pytest.mark.parametrize(("multiply_ns", "size"), [(1e-9, 65536), (1e3, 2048)])
def test_blocks_are_neither_tiny_nor_huge_whatever_the_trial_says(multiply_ns: float, size: int) -> None:
    assert fitting(multiply_ns) == size


def test_the_size_stays_though_a_later_trial_would_find_another(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 0.02)
    first = largest_block(ctx)
    machine(monkeypatch, 0.5)
    assert largest_block(ctx) == first == 16384


def test_a_size_that_is_in_use_is_not_cleared_away(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 0.02)
    first = largest_block(ctx)
    long_ago = time.time() - upkeep.UNUSED_S - 1
    os.utime(ctx.layout.comparison / "block-size", (long_ago, long_ago))
    machine(monkeypatch, 0.5)
    largest_block(ctx)
    upkeep.forget(ctx.layout.comparison)
    assert largest_block(ctx) == first


@pytest.mark.parametrize("torn", ["", "many", "0", "-4"])
def test_a_torn_note_is_written_anew(ctx: Context, monkeypatch: pytest.MonkeyPatch, torn: str) -> None:
    machine(monkeypatch, 0.02)
    note = ctx.layout.comparison / "block-size"
    note.parent.mkdir(parents=True)
    note.write_text(torn)
    assert largest_block(ctx) == 16384
    assert note.read_text() == "16384"


def test_the_setting_comes_first(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 0.02)
    assert largest_block(replace(ctx, settings=replace(ctx.settings, block_size=1000))) == 1000
    assert not (ctx.layout.comparison / "block-size").exists()
