"""The budget of decoders: never overdrawn, nobody starved."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.vision.budget import Budget

SIZE = 100


@given(st.lists(st.integers(1, 150), min_size=1, max_size=40), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_grants_never_exceed_the_budget_but_for_one_alone(wanted: list[int], seed: int) -> None:
    budget, held, lock, naps = Budget(SIZE), list[int](), threading.Lock(), random.Random(seed)

    def take(size: int) -> None:
        with budget.granted(size):
            with lock:
                held.append(size)
                assert sum(held) <= SIZE or len(held) == 1
            time.sleep(naps.uniform(0, 0.002))
            with lock:
                held.remove(size)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(take, wanted))
    assert not held


def test_a_large_one_is_not_overtaken_by_small_ones_that_asked_later() -> None:
    budget, order = Budget(SIZE), list[str]()

    def take(name: str, size: int) -> None:
        with budget.granted(size):
            order.append(name)

    with budget.granted(60):
        threads = [threading.Thread(target=take, args=("large", 100)), threading.Thread(target=take, args=("small", 1))]
        for thread in threads:
            thread.start()
            time.sleep(0.05)
        assert order == []
    for thread in threads:
        thread.join(5)
    assert order == ["large", "small"]


def test_an_error_inside_gives_the_grant_back() -> None:
    budget = Budget(SIZE)
    with pytest.raises(ZeroDivisionError), budget.granted(SIZE):
        raise ZeroDivisionError
    with budget.granted(SIZE):
        pass
