"""A query finds the rows that a float64 product finds, best first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shared.domain.errors import ScanFailed
from tests.unit.workers.pairs.vectors import KINDS, TOLERANCE, realistic
from workers.pairs.projection import project
from workers.pairs.search import search
from workers.pairs.spectrum import principal, projection_on


@pytest.mark.parametrize("projected", [True, False])
@pytest.mark.parametrize("floor", [0.80, 0.90, 0.95])
@pytest.mark.parametrize("kind", KINDS)
def test_a_query_finds_what_brute_force_finds(kind, floor: float, projected: bool) -> None:
    rows = kind(np.random.default_rng(5), 240, 300, floor)
    projection, coordinates = None, None
    if projected:
        directions = principal(rows, 20)
        projection = projection_on(directions, 0, (directions.shape[1],))
        coordinates = project(projection, rows)
    for query in rows[::17]:
        found = search(query, rows, projection, coordinates, floor)
        truth = rows.astype(np.float64) @ query.astype(np.float64)
        assert set(np.flatnonzero(truth >= floor + TOLERANCE)) <= set(found.places)
        assert set(found.places) <= set(np.flatnonzero(truth >= floor - TOLERANCE))
        assert np.all(np.diff(found.cosine) <= 0)


def test_coordinates_may_be_a_memory_map(tmp_path: Path) -> None:
    rows = realistic(np.random.default_rng(5), 5000, 64, 0.9)
    projection = projection_on(principal(rows, 20), 10, (20,))
    np.save(tmp_path / "block.npy", project(projection, rows))
    mapped = np.load(tmp_path / "block.npy", mmap_mode="r")
    found = search(rows[4321], rows, projection, mapped, 0.9)
    assert found.places[0] == 4321 or np.array_equal(rows[found.places[0]], rows[4321])
    assert len(found.places) == int((rows @ rows[4321] >= 0.9).sum())


def test_a_query_that_is_not_finite_is_refused() -> None:
    rows = realistic(np.random.default_rng(5), 50, 64, 0.9)
    with pytest.raises(ScanFailed, match="not finite"):
        search(np.full(64, np.nan, np.float32), rows, None, None, 0.9)
