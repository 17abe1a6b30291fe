"""Care for the feature store: nothing that was stored is lost, whoever reads and writes meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.workers.test_features import add, digest, vectors
from workers import segments, upkeep
from workers.features import Space


def indexes(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.parquet"))


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=6), min_size=1, max_size=8), st.integers(8, 40))
@settings(max_examples=25, deadline=None)
def test_merging_keeps_every_content_bit_for_bit_once(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]], most: int
) -> None:
    root = tmp_path_factory.mktemp("store")
    space, before = Space(root, "space"), Space(root, "space")
    for numbers in parts:
        add(space, numbers)
    before.refresh()
    numbers = sorted({number for part in parts for number in part})
    positions = before.find([digest(n) for n in numbers])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "MERGED_ROWS", most)
        upkeep.prune(root / "space")
    space.refresh()
    found = space.find([digest(n) for n in numbers])
    assert np.array_equal(space.rows(found), vectors(numbers))
    assert space.take(found)["number"].to_pylist() == numbers
    assert space.known_prefixes().tolist() == before.known_prefixes().tolist()
    # one that was opened before finds what its positions stood for
    assert np.array_equal(before.rows(positions), vectors(numbers))
    assert before.take(positions)["number"].to_pylist() == numbers
    assert not list(upkeep.damages(root / "space"))
    assert all(len(pq.read_table(path)) <= most for path in (root / "space").glob("*.parquet"))


def test_many_small_segments_become_one_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    space = Space(tmp_path, "space")
    for number in range(20):
        add(space, [number])
    assert upkeep.holdings(tmp_path / "space").segments == 20
    assert upkeep.prune(tmp_path / "space").merged == 20
    merged = indexes(tmp_path / "space")
    assert len(merged) == 1
    assert upkeep.prune(tmp_path / "space") == upkeep.Pruned()
    assert indexes(tmp_path / "space") == merged
    held = upkeep.holdings(tmp_path / "space")
    assert (held.name, held.contents, held.segments) == ("space", 20, 1)


def test_a_space_without_rows_is_merged_too(tmp_path: Path) -> None:
    space = Space(tmp_path, "space")
    for number in range(3):
        table = pq.read_table(_index_of(tmp_path, number)).replace_schema_metadata(None)
        space.append(table, None)
    upkeep.prune(tmp_path / "space")
    space.refresh()
    assert (space.find([digest(n) for n in range(3)]) >= 0).all()
    assert len(indexes(tmp_path / "space")) == 1


def _index_of(root: Path, number: int) -> Path:
    add(Space(root, f"other-{number}"), [number])
    (index,) = (root / f"other-{number}").glob("*.parquet")
    return index


def test_segments_that_are_large_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "MERGED_ROWS", 10)
    space = Space(tmp_path, "space")
    for start in (0, 8, 16):
        add(space, list(range(start, start + 8)))
    before = indexes(tmp_path / "space")
    assert upkeep.prune(tmp_path / "space").merged == 0
    assert indexes(tmp_path / "space") == before


def test_a_changed_row_is_found_and_told(tmp_path: Path) -> None:
    add(Space(tmp_path, "space"), [1, 2, 3])
    (rows,) = tmp_path.rglob("*.npy")
    assert not list(upkeep.damages(tmp_path / "space"))
    data = bytearray(rows.read_bytes())
    data[-1] ^= 1  # of the same length, and still a fine number
    rows.write_bytes(data)
    (damage,) = upkeep.damages(tmp_path / "space")
    assert damage.index == rows.with_suffix(".parquet")
    assert "not those that were written" in damage.reason


def test_what_interrupted_writers_left_is_removed_when_it_is_old_and_not_before(tmp_path: Path) -> None:
    add(Space(tmp_path, "space"), [1])
    folder = tmp_path / "space"
    left = [folder / name for name in (".a.npy.tmp", ".b.parquet.tmp", "c.npy", ".d.npy.tmp", "e.npy")]
    for path in left:
        path.write_bytes(b"half")
    for path in left[:3]:
        age(path, 7200)
    damaged = [folder / "f.parquet", folder / "g.parquet"]
    for path in damaged:
        path.write_bytes(b"torn")
    age(damaged[0], 7200)
    done = upkeep.prune(folder)
    assert (done.leftovers, done.damaged) == (3, 1)
    assert [path.exists() for path in left] == [False, False, False, True, True]
    assert [path.exists() for path in damaged] == [False, True]
    assert done.freed == 3 * 4 + 4


def test_rows_that_do_not_read_back_are_not_traded_for_those_that_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = Space(tmp_path, "space")
    add(space, [1])
    add(space, [2])
    before = indexes(tmp_path / "space")
    write = segments.write

    def torn(*arguments: object) -> Path:
        index = write(*arguments)  # type: ignore[arg-type]
        rows = index.with_suffix(".npy")
        rows.write_bytes(rows.read_bytes()[:-4] + b"\0\0\0\1")
        return index

    monkeypatch.setattr(segments, "write", torn)
    with pytest.raises(ValueError, match="not those that were written"):
        upkeep.prune(tmp_path / "space")
    assert indexes(tmp_path / "space") == before


def test_rows_that_were_removed_for_good_are_an_error_that_says_so(tmp_path: Path) -> None:
    space = Space(tmp_path, "space")
    add(space, [1])
    space.refresh()
    (index,) = tmp_path.rglob("*.parquet")
    segments.remove(index)
    with pytest.raises(FileNotFoundError, match="removed while they were used"):
        space.rows(space.find([digest(1)]))


PRUNER = """
import sys, time
from pathlib import Path
from workers import upkeep
upkeep.MERGED_ROWS = 64
while True:
    merged = upkeep.prune(Path(sys.argv[1]) / "space").merged
    if merged:
        print("merged", flush=True)
    time.sleep(0.01)
"""
WRITER = """
import sys
from pathlib import Path
from tests.unit.workers.test_features import add
from workers.features import Space
folder = Path(sys.argv[1])
space = Space(folder, "space")
for number in range(1000):
    if number >= 80 and (folder / "enough").exists():
        break
    add(space, [2 * number, 2 * number + 1])
"""


def _start(program: str, folder: Path, said: Path) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[3]
    with said.open("wb") as output:
        return subprocess.Popen([sys.executable, "-c", program, str(folder)], cwd=root, stdout=output, stderr=output)


def test_merging_by_two_one_killed_while_others_write_and_read_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "space").mkdir()
    reader, numbers = Space(tmp_path, "space"), list(range(2000))
    held: dict[int, int] = {}
    logs = [tmp_path / name for name in ("writer.log", "lasting.log", "doomed.log")]
    writer, lasting, doomed = map(_start, (WRITER, PRUNER, PRUNER), [tmp_path] * 3, logs)
    with writer, lasting, doomed:
        try:
            while writer.poll() is None:
                reader.refresh()
                found = reader.find([digest(n) for n in numbers])
                seen = [n for n in numbers if found[n] >= 0]
                assert held.keys() <= set(seen)  # what was there once is there always
                held |= {n: int(found[n]) for n in seen if n not in held}
                assert not held or np.array_equal(reader.rows(np.array(list(held.values()), int)), vectors(list(held)))
                if "merged" in logs[2].read_text() and doomed.poll() is None:
                    os.kill(doomed.pid, signal.SIGKILL)
                if all("merged" in log.read_text() for log in logs[1:]):
                    (tmp_path / "enough").touch()  # not before: whoever starts late on a busy machine has its turn too
        finally:
            doomed.kill()
            lasting.kill()
    assert writer.returncode == 0
    assert all("merged" in log.read_text() and "Error" not in log.read_text() for log in logs[1:])
    for space in (reader, Space(tmp_path, "space")):
        space.refresh()
        found = space.find([digest(n) for n in numbers])
        written = int((found >= 0).sum())
        assert written >= max(160, len(held))
        assert (found[:written] >= 0).all()
        assert np.array_equal(space.rows(found[:written]), vectors(numbers[:written]))
    assert not list(upkeep.damages(tmp_path / "space"))


def test_comparisons_that_nobody_has_used_for_long_are_forgotten(tmp_path: Path) -> None:
    for name, age_s in (("blocks/a.npy", 2 * upkeep.UNUSED_S), ("scores/r/aa/a-b", 0.0)):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"12345")
        os.utime(path, (time.time() - age_s,) * 2)
    assert upkeep.forget(tmp_path) == (1, 5)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a-b"]
