"""A kernel names every pair that reaches the threshold, whatever its rounding, and few others."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from workers.pairs import kernels
from workers.pairs.kernels import TILE, bfloat16_offered, choose, named
from workers.pairs.rounding import gamma, product, product_error, squared_norms

KERNELS = ["float32", *(["bfloat16"] if bfloat16_offered() else [])]


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("width", [1, 16, 49, 257])
def test_every_pair_at_the_threshold_is_named(name: str, width: int) -> None:
    rng = np.random.default_rng(width)
    a, b = (rng.standard_normal((n, width)).astype(np.float32) / np.float32(width**0.5) for n in (TILE, 300))
    truth = a.astype(np.float64) @ b.T.astype(np.float64)
    tiles = named(name).prepare(a), named(name).prepare(b)
    for threshold in np.quantile(truth[truth > 0], [0.1, 0.5, 0.9, 0.999, 1.0]):
        i, j = named(name).reach(*tiles, float(threshold))
        found = np.zeros(truth.shape, bool)
        found[i, j] = True
        assert found[truth >= threshold].all()
        norms = np.linalg.norm(a, axis=1).max() * np.linalg.norm(b, axis=1).max()
        if threshold > 0.02 * norms:  # else rounding alone may reach it
            assert not found[truth < threshold - 0.02 * norms].any()


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("direction", [1, -1])
def test_numbers_that_all_round_one_way_lose_nothing(name: str, direction: int) -> None:
    """Just under, or over, half a step of bfloat16 beside each number: the errors add up instead of cancelling."""
    rows = np.full((TILE, 64), (1 + 0.97 * direction * 2.0**-8) / 8.1, np.float32)
    rows[:, ::2] *= -1
    threshold = float(rows[0].astype(np.float64) @ rows[0].astype(np.float64))
    tile = named(name).prepare(rows)
    assert len(named(name).reach(tile, tile, threshold)[0]) == TILE * TILE


def test_a_long_product_keeps_its_margin() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.random((50, 5000), np.float32) for _ in range(2))
    exact = a.astype(np.float64) @ b.T.astype(np.float64)
    norms = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)
    assert (np.abs(product(a, b) - exact) <= product_error(5000) * norms).all()
    assert product_error(5000) < gamma(5000) / 10
    np.testing.assert_allclose(squared_norms(a), (a.astype(np.float64) ** 2).sum(axis=1), rtol=product_error(5000))


def test_few_pairs_do_not_load_tensorflow() -> None:
    program = (
        "import sys; from workers.pairs.kernels import choose; print(choose(1e6).name, 'tensorflow' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert said.stdout.split() == ["float32", "False"]


def test_many_pairs_take_the_kernel_that_is_faster_here() -> None:
    chosen = choose(1e12)
    assert chosen.name in KERNELS
    assert all(kernels.nanoseconds(chosen.name, 64) <= kernels.nanoseconds(name, 64) for name in KERNELS)
