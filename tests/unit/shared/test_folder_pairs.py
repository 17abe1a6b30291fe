"""How much of one folder is in another, counted over groups, and read from a result."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.domain import folder_pairs
from shared.domain.folder_pairs import Overlap, Side, count
from shared.domain.model import Image, Kind, Signals
from shared.store import results

EXACT = Signals(1.0, Kind.EXACT)
A, B, C = ("lib", b"a"), ("lib", b"b"), ("other", b"a")


def test_both_directions_are_counted() -> None:
    folders, pairs = count([[(*A, 5), (*A, 6), (*B, 7)], [(*A, 1), (*C, 1)], [(*B, 2), (*B, 2)]])
    assert folders == {A: 2, B: 2, C: 1}
    assert pairs == {
        (A, B): Overlap(2, 11, 1),
        (B, A): Overlap(1, 7, 1),
        (A, C): Overlap(1, 1, 1),
        (C, A): Overlap(1, 1, 1),
    }


def test_a_group_that_is_everywhere_says_nothing_of_any_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_pairs, "MOST_FOLDERS", 2)
    folders, pairs = count([[(*A, 5), (*B, 7), (*C, 7)]])
    assert folders == {A: 1, B: 1, C: 1}
    assert pairs == {}


def test_pairs_are_read_with_what_their_folders_hold_in_all(tmp_path: Path) -> None:
    def image(path: str, size: int) -> Image:
        return Image(path, "lib", path.encode(), size, 5, "d", 4, 3, "JPEG")

    images = [
        image(*one) for one in (("a/1", 10), ("b/1", 10), ("a/2", 10), ("b/2", 10), ("c/9", 1), ("a/9", 1), ("top", 3))
    ]
    groups = [
        ("a/1", [("b/1", EXACT)], 10),
        ("a/2", [("b/2", EXACT)], 10),
        ("a/9", [("c/9", EXACT), ("top", EXACT)], 2),
    ]
    totals = {("lib", b"a"): 100, ("lib", b"b"): 2, ("lib", b"c"): 1, ("lib", b""): 1}
    results.write(tmp_path / "r", results.Result(7, images, [], groups, [], [], [], folders=totals))
    with results.opened(tmp_path / "r") as reader:
        found = reader.folder_pairs(10)
        assert len(found) == 4
        assert found[0] == folder_pairs.FolderPair(Side(("lib", b"b"), 2, 2, 20), Side(("lib", b"a"), 2, 100, 20), 2)
        assert {(p.one.folder[1], p.other.folder[1]) for p in found[1:]} == {(b"", b"a"), (b"c", b"a"), (b"", b"c")}
        assert reader.folder_pairs(1) == found[:1]
        assert [f[1] for f in reader.folders(10)] == [b"a", b"b", b"", b"c"]
