"""Projected rows bound the product of the rows from above, and are chosen by what they cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import ScanFailed
from tests.unit.workers.pairs.vectors import KINDS, realistic, unit
from workers.pairs.join import Pairs, hold, join_blocks
from workers.pairs.kernels import choose, named
from workers.pairs.projection import Projection, heads, project, slack
from workers.pairs.spectrum import fit, principal, projection_on, sample_size


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS), n=st.integers(4, 80), d=st.sampled_from([2, 33, 600]), seed=st.integers(0, 2**32 - 1)
)
def test_the_product_of_projected_rows_is_never_less(kind, n, d, seed) -> None:
    rows = kind(np.random.default_rng(seed), n, d, 0.9)
    directions = principal(rows, min(16, n, d))
    projection = projection_on(directions, directions.shape[1] // 2, (directions.shape[1],))
    found = project(projection, rows)
    truth = rows.astype(np.float64) @ rows.T.astype(np.float64)
    for projected in (found.astype(np.float64), heads(projection, found).astype(np.float64)):
        longest = np.sqrt((projected**2).sum(axis=1).max())
        allowed = slack(rows.shape[1], directions.shape[1], longest, longest)
        assert (projected @ projected.T >= truth - allowed - 1e-12).all()
        assert allowed < 1e-3


def test_directions_never_lengthen_a_row() -> None:
    rows = realistic(np.random.default_rng(0), 400, 300, 0.9)
    projection = projection_on(principal(rows, 120), 30, (60, 120))
    assert np.linalg.norm(projection.directions.astype(np.float64), 2) <= 1


def test_a_projection_is_read_back(tmp_path: Path) -> None:
    rows = realistic(np.random.default_rng(0), 100, 60, 0.9)
    projection = projection_on(principal(rows, 20), 5, (10, 20))
    projection.save(tmp_path / "projection.npz")
    again = Projection.load(tmp_path / "projection.npz")
    assert (again.key, again.head, again.ends) == (projection.key, 5, (10, 20))
    assert np.array_equal(project(again, rows), project(projection, rows))


def test_a_few_rows_are_not_projected() -> None:
    rows = realistic(np.random.default_rng(0), 1000, 512, 0.9)
    assert fit(rows, 0.9, 1000, named("float32")) is None


def test_rows_of_nothing_are_not_projected() -> None:
    assert fit(np.zeros((1024, 512), np.float32), 0.9, 10**6, named("float32")) is None


def test_rows_of_no_spectrum_are_not_projected() -> None:
    """Of features that are all alike nearly every pair survives: then full rows are multiplied at once."""
    rng = np.random.default_rng(0)
    rows = unit(1 + 0.01 * rng.standard_normal((1024, 512)))
    assert fit(rows, 0.9, 10**6, named("float32")) is None


def test_many_rows_of_a_decaying_spectrum_are_projected_and_joined_exactly() -> None:
    rows = realistic(np.random.default_rng(0), 4000, 1024, 0.9)
    kernel = choose(1)
    projection = fit(rows[: sample_size(10**6)], 0.9, 10**6, kernel)
    assert projection is not None
    assert projection.width < projection.directions.shape[1] < 1024
    block = hold(rows, projection, project(projection, rows), kernel)
    found = Pairs.of(join_blocks(block, block, True, 0.9))
    truth = np.triu(rows.astype(np.float64) @ rows.T.astype(np.float64), k=1)
    i, j = np.nonzero(truth >= 0.9)
    assert np.array_equal(found.i, i)
    assert np.array_equal(found.j, j)


def test_a_sample_that_is_not_finite_is_refused() -> None:
    rows = realistic(np.random.default_rng(0), 1024, 512, 0.9)
    rows[3, 3] = np.nan
    with pytest.raises(ScanFailed, match="not finite"):
        fit(rows, 0.9, 10**6, named("float32"))


def test_the_sample_grows_with_the_library_and_stops() -> None:
    sizes = [sample_size(n) for n in (10, 1000, 20_000, 10**6, 10**9)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 10
    assert sizes[-1] <= 4096
