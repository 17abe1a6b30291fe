"""The feature store: found again by content, whole or not at all, from many processes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.features import Space

DIGESTS = st.binary(min_size=32, max_size=32)


def digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def table(numbers: list[int]) -> pa.Table:
    return pa.table(
        {"digest": pa.array([digest(n) for n in numbers], pa.binary(32)), "number": pa.array(numbers, pa.int64())}
    )


def vectors(numbers: list[int]) -> np.ndarray:
    return np.array([[n, -n, 0.5] for n in numbers], np.float32)


def add(space: Space, numbers: list[int]) -> None:
    space.append(table(numbers), vectors(numbers))


@given(
    st.lists(st.lists(DIGESTS, min_size=1, max_size=8), max_size=5),
    st.lists(DIGESTS, max_size=5),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_every_appended_digest_is_found_with_its_first_row_and_no_other_is(
    tmp_path_factory: pytest.TempPathFactory, segments: list[list[bytes]], others: list[bytes], at_once: bool
) -> None:
    space = Space(tmp_path_factory.mktemp("store"), "space")
    expected: dict[bytes, int] = {}
    row = 0
    for digests in segments:
        numbers = list(range(row, row + len(digests)))
        columns = {"digest": pa.array(digests, pa.binary(32)), "number": numbers}
        space.append(pa.table(columns), np.array(numbers, np.int32)[:, None])
        for one, number in zip(digests, numbers, strict=True):
            expected.setdefault(one, number)
        row += len(digests)
        if not at_once:
            space.refresh()
    space.refresh()
    wanted = [*expected, *others]
    found = space.find(wanted)
    known = found >= 0
    assert known.tolist() == [one in expected for one in wanted]
    numbers_found = space.take(found[known])["number"].to_pylist() if expected else []
    assert space.rows(found[known])[:, :1].ravel().tolist() == numbers_found
    if not at_once:  # the order of segments is the order of their times, which one tick may not tell apart
        assert numbers_found == [expected[one] for one in wanted if one in expected]
    prefixes = sorted({int.from_bytes(one[:8], "big") for one in expected})
    assert space.known_prefixes().tolist() == prefixes
    assert space.known_prefixes().dtype == np.uint64


def test_digests_that_share_eight_bytes_or_end_in_zeros_are_told_apart(tmp_path: Path) -> None:
    space = Space(tmp_path, "space")
    same = [b"\0" * 8 + bytes([n]) + b"\0" * 23 for n in range(5)]
    space.append(pa.table({"digest": same, "n": list(range(5))}), None)
    space.refresh()
    positions = space.find([*reversed(same), b"\0" * 8 + b"\xff" * 24])
    assert positions[-1] == -1
    assert space.take(positions[:-1])["n"].to_pylist() == [4, 3, 2, 1, 0]


def test_rows_come_back_bit_for_bit_and_in_the_order_asked_for(tmp_path: Path) -> None:
    space = Space(tmp_path, "space")
    add(space, [1, 2, 3])
    add(space, [4, 5])
    space.refresh()
    wanted = [5, 1, 4, 1, 3]
    rows = space.rows(space.find([digest(n) for n in wanted]))
    assert rows.dtype == np.float32
    assert np.array_equal(rows, vectors(wanted))


def test_another_process_sees_what_was_appended_after_it_refreshed(tmp_path: Path) -> None:
    writer, reader = Space(tmp_path, "space"), Space(tmp_path, "space")
    reader.refresh()
    assert len(reader) == 0
    for number in range(20):
        add(writer, [number])
        reader.refresh()
        assert reader.find([digest(number)]).tolist() == [number]


def test_an_empty_or_missing_space_knows_nothing(tmp_path: Path) -> None:
    space = Space(tmp_path, "none")
    space.refresh()
    assert space.find([digest(1)]).tolist() == [-1]
    assert space.find([]).tolist() == []
    assert len(space.known_prefixes()) == 0


def test_unknown_positions_are_refused(tmp_path: Path) -> None:
    space = Space(tmp_path, "space")
    add(space, [1])
    space.refresh()
    with pytest.raises(IndexError):
        space.rows(np.array([-1]))
    with pytest.raises(IndexError):
        space.take(np.array([1]))


def test_what_does_not_fit_is_refused_when_appended(tmp_path: Path) -> None:
    space = Space(tmp_path, "space")
    with pytest.raises(ValueError, match="2 rows for 1"):
        space.append(table([1]), vectors([1, 2]))
    with pytest.raises(ValueError, match="32 bytes"):
        space.append(pa.table({"digest": [b"short"]}), None)
    with pytest.raises(ValueError, match="column of digests"):
        space.append(pa.table({"number": [1]}), None)
    assert not list(tmp_path.rglob("*.parquet"))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _scramble(path: Path) -> None:
    path.write_bytes(b"nothing that anybody wrote")


def _other_rows(path: Path) -> None:
    np.save(path, np.zeros((2, 3), np.float64))


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        (".npy", _cut),
        (".npy", _scramble),
        (".npy", _other_rows),
        (".npy", Path.unlink),
        (".parquet", _cut),
        (".parquet", _scramble),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_damaged_segment_is_ignored_and_can_be_computed_anew(tmp_path: Path, suffix: str, damage: object) -> None:
    writer = Space(tmp_path, "space")
    add(writer, [1, 2])
    (victim,) = tmp_path.rglob(f"*{suffix}")
    damage(victim)  # type: ignore[operator]
    add(writer, [3])
    space = Space(tmp_path, "space")
    space.refresh()
    assert space.find([digest(1), digest(2)]).tolist() == [-1, -1]
    add(writer, [1, 2])
    space.refresh()
    found = space.find([digest(n) for n in (1, 2, 3)])
    assert np.array_equal(space.rows(found), vectors([1, 2, 3]))


def test_a_segment_of_another_shape_or_another_program_is_ignored(tmp_path: Path) -> None:
    space = Space(tmp_path, "space")
    add(space, [1])
    space.refresh()
    Space(tmp_path, "space").append(table([2]), np.zeros((1, 7), np.float32))
    foreign = tmp_path / "space" / "foreign.parquet"
    pq.write_table(table([3]), foreign)
    space.refresh()
    assert space.find([digest(1), digest(2), digest(3)]).tolist() == [0, -1, -1]


WRITER = """
import sys
from pathlib import Path
from tests.unit.workers.test_features import add
from workers.features import Space
space = Space(Path(sys.argv[1]), "space")
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    add(space, [2 * number, 2 * number + 1])
    print(number, flush=True)
"""


def _writer(folder: Path, first: int, end: int) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", WRITER, str(folder), str(first), str(end)]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


def test_two_processes_append_at_once_and_one_killed_half_way_harms_nothing(tmp_path: Path) -> None:
    lasting, doomed = _writer(tmp_path, 0, 60), _writer(tmp_path, 1000, 1_000_000)
    reader = Space(tmp_path, "space")
    assert doomed.stdout is not None
    with lasting, doomed:
        for _ in range(30):
            said = int(doomed.stdout.readline())
            reader.refresh()
        os.kill(doomed.pid, signal.SIGKILL)
        assert lasting.wait(timeout=60) == 0
    reader.refresh()
    expected = [digest(n) for n in [*range(120), *range(2000, 2 * said + 2)]]
    found = reader.find(expected)
    assert (found >= 0).all()
    everything = np.arange(len(reader))
    numbers = reader.take(everything)["number"].to_pylist()
    assert np.array_equal(reader.rows(everything), vectors(numbers))  # nothing half-written is among them


@pytest.mark.slow
def test_a_million_digests_are_looked_up_in_seconds(tmp_path: Path) -> None:
    space = Space(tmp_path, "space")
    random = np.random.default_rng(1)
    for _ in range(20):
        digests = random.integers(0, 256, (50_000, 32), np.uint8)
        space.append(pa.table({"digest": pa.array(list(map(bytes, digests)), pa.binary(32))}), None)
    begun = time.perf_counter()
    space.refresh()
    assert (space.find([bytes(one) for one in digests]) >= 950_000).all()
    assert time.perf_counter() - begun < 10
