"""The similarity join gives the pairs of a float64 product of every row with every row, and no others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import ScanFailed
from tests.unit.workers.pairs.vectors import KINDS, Rows, assert_same_pairs, realistic, unit
from workers.pairs import join
from workers.pairs.join import Block, Pairs, hold, join_blocks
from workers.pairs.kernels import TILE, bfloat16_offered, named
from workers.pairs.projection import Projection, project
from workers.pairs.spectrum import principal, projection_on

KERNELS = ["float32", *(["bfloat16"] if bfloat16_offered() else [])]
FLOORS = [0.80, 0.90, 0.95]


def held(rows: Rows, projection: Projection | None, kernel: str = "float32") -> Block:
    return hold(rows, projection, None if projection is None else project(projection, rows), named(kernel))


def fitted(rows: Rows, head: int, segments: int) -> Projection:
    """Four times as many directions as the head has, where the rows have as many."""
    directions = principal(rows, min(4 * head, *rows.shape))
    ends = np.unique(np.linspace(min(head, directions.shape[1] - 1), directions.shape[1], segments + 1).astype(int)[1:])
    return projection_on(directions, min(head, directions.shape[1] - 1), tuple(int(end) for end in ends))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("floor", FLOORS)
@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    n=st.integers(8, 200),
    d=st.sampled_from([2, 3, 17, 300, 700]),
    head=st.integers(1, 24),
    segments=st.integers(1, 3),
    dense=st.sampled_from([0.0, join.DENSE, 2.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_pairs_are_those_of_brute_force(kernel, floor, kind, n, d, head, segments, dense, seed) -> None:
    """On random, realistic and hostile rows, by every way through the join."""
    rows = kind(np.random.default_rng(seed), n, d, floor)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(join, "DENSE", dense)
        block = held(rows, fitted(rows, head, segments), kernel)
        found = Pairs.of(join_blocks(block, block, True, floor))
    assert_same_pairs(found, rows, rows, True, floor)


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.05, 1.0), k=st.integers(2, 20))
def test_a_poor_projection_costs_time_but_no_pair(kernel, seed, scale, k) -> None:
    """Any matrix whose norm is at most 1 serves: exactness does not hang on the fit."""
    rng = np.random.default_rng(seed)
    rows = realistic(rng, 150, 40, 0.9)
    matrix = rng.standard_normal((40, k))
    matrix *= scale / np.linalg.norm(matrix, 2) / (1 + 1e-6)
    block = held(rows, Projection(matrix.astype(np.float32), k // 2, (k,)), kernel)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(join, "DENSE", 2.0)
        found = Pairs.of(join_blocks(block, block, True, 0.9))
    assert_same_pairs(found, rows, rows, True, 0.9)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("floor", FLOORS)
def test_two_blocks_of_several_tiles(kernel: str, floor: float) -> None:
    rng = np.random.default_rng(7)
    rows = realistic(rng, 2 * TILE + 700, 512, floor)
    rows = rows[rng.permutation(len(rows))]
    projection = fitted(rows[:600], 24, 2)
    cut = TILE + 300
    a, b = held(rows[:cut], projection, kernel), held(rows[cut:], projection, kernel)
    assert_same_pairs(Pairs.of(join_blocks(a, b, False, floor)), rows[:cut], rows[cut:], False, floor)
    assert_same_pairs(Pairs.of(join_blocks(b, b, True, floor)), rows[cut:], rows[cut:], True, floor)


@pytest.mark.parametrize("floor", [*FLOORS, 0.0, -1.0])
def test_without_a_projection(floor: float) -> None:
    rows = realistic(np.random.default_rng(1), 300, 100, 0.9)
    block = held(rows, None)
    assert_same_pairs(Pairs.of(join_blocks(block, block, True, floor)), rows, rows, True, floor)


def test_a_floor_of_nothing_gives_every_pair() -> None:
    rows = realistic(np.random.default_rng(1), 100, 50, 0.9)
    block = held(rows, fitted(rows, 8, 1))
    assert len(Pairs.of(join_blocks(block, block, True, -1.0)).i) == 100 * 99 // 2


def test_only_the_rows_that_are_rescored_are_read() -> None:
    class Counted:
        """Rows that know which of them were read."""

        def __init__(self, rows: Rows) -> None:
            self.rows, self.read = rows, set[int]()

        def __len__(self) -> int:
            return len(self.rows)

        def __getitem__(self, places) -> Rows:
            self.read.update(places.tolist())
            return self.rows[places]

    rng = np.random.default_rng(3)
    rows = unit(rng.standard_normal((TILE, 64)))
    rows[10], rows[20] = rows[500], rows[600]
    counted = Counted(rows)
    projection = fitted(rows, 40, 1)
    block = hold(counted, projection, project(projection, rows), named("float32"))
    found = Pairs.of(join_blocks(block, block, True, 0.95))
    assert [*zip(found.i.tolist(), found.j.tolist(), strict=True)] == [(10, 500), (20, 600)]
    assert counted.read <= {10, 20, 500, 600}


def test_a_flood_comes_in_pieces() -> None:
    """When every pair matches, no more than a tile's pairs are given at a time."""
    rows = np.repeat(unit(np.ones((1, 64))), 2 * TILE, axis=0)
    block = held(rows, fitted(rows, 1, 1) if principal(rows, 4).shape[1] > 1 else None)
    pieces = [len(part.i) for part in join_blocks(block, block, True, 0.9)]
    assert max(pieces) <= TILE * TILE
    assert sum(pieces) == len(rows) * (len(rows) - 1) // 2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    rows = realistic(np.random.default_rng(1), 100, 50, 0.9)
    projection = fitted(rows, 8, 1)
    rows[7, 3] = bad
    with pytest.raises(ScanFailed, match="not finite"):
        project(projection, rows)
    block = held(rows, None)
    with pytest.raises(ScanFailed, match="not finite"):
        list(join_blocks(block, block, True, 0.9))
