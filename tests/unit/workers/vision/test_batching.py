"""The batch size: found by a trial, the smallest that is nearly the fastest, and kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.vision import batching


@pytest.mark.parametrize(
    ("rates", "chosen"),
    [({8: 50.0, 16: 60.0, 32: 61.0}, 16), ({8: 60.0, 16: 58.0, 32: 40.0}, 8), ({8: 1.0, 16: 2.0}, 16)],
)
def test_the_smallest_size_that_is_nearly_the_fastest_is_taken(rates: dict[int, float], chosen: int) -> None:
    assert batching.choose(list(rates), rates.__getitem__) == chosen


@given(st.integers(1, 1 << 34))
def test_sizes_fit_into_memory_and_there_is_always_one(bytes_a_picture: int) -> None:
    sizes = batching.candidates(gpu=False, bytes_a_picture=bytes_a_picture)
    assert sizes
    assert len(sizes) == 1 or sizes[-1] * bytes_a_picture <= batching.LARGEST


def test_what_was_found_first_stays_for_all(tmp_path: Path) -> None:
    note, trials = tmp_path / "notes" / "net", count(8)
    with ThreadPoolExecutor(8) as threads:
        sizes = set(threads.map(lambda _: batching.settled(note, lambda: next(trials)), range(24)))
    assert len(sizes) == 1
    assert batching.settled(note, lambda: 1000) in sizes
    assert [path.name for path in note.parent.iterdir()] == ["net"]


def test_a_damaged_note_is_written_anew(tmp_path: Path) -> None:
    note = tmp_path / "net"
    note.write_text("")
    assert batching.settled(note, lambda: 16) == 16
    assert batching.settled(note, lambda: 32) == 16
