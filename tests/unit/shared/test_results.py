import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain.errors import Conflict, InvalidRequest, NotFound
from shared.domain.model import Facts, Image, Kind, Pair, Signals, Unreadable
from shared.domain.review import GroupFilter, Show, Sort
from shared.store import results

FACTS = Facts("2024-05-01T12:34:56", "NIKON D90", 92, 38)


def image(name: str, size: int = 10) -> Image:
    return Image(name, "lib", name.encode() + b"\xff.jpg", size, 5, "d" * 64, 4, 3, "JPEG", 1, facts=FACTS)


NEAR = Signals(0.9, Kind.LOOK_ALIKE, None, 3, 0.8)
EXACT = Signals(1.0, Kind.EXACT)
EVERYTHING = GroupFilter()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "result.sqlite"
    results.write(
        path,
        results.Result(
            total=9,
            images=[image(name) for name in "abcde"],
            omitted=[("a", 95, 2)],
            groups=[("a", [("b", EXACT), ("c", NEAR)], 20), ("d", [("e", EXACT)], 10)],
            pairs=[Pair("a", "c", NEAR), Pair("a", "b", EXACT), Pair("d", "e", EXACT)],
            matches=[("e", NEAR), ("a", EXACT)],
            unreadable=[Unreadable("lib", b"x", "corrupt", "It is broken.")],
        ),
    )
    return path


def test_what_was_written_is_read(path: Path) -> None:
    with results.opened(path) as reader:
        assert reader.total() == 9
        assert reader.counts() == (2, 2)
        group = reader.group(1)
        assert group.keeper == image("a")
        assert [(m.image.id, m.signals) for m in group.members] == [("a", None), ("b", EXACT), ("c", NEAR)]
        assert (group.kind, group.similarity, group.freed) == (Kind.LOOK_ALIKE, 0.9, 20)
        assert [m.image.id for m in reader.matches()] == ["a", "e"]
        assert [p.signals.similarity for p in reader.pairs()] == [1.0, 1.0, 0.9]
        assert reader.omitted() == [("a", 2)]
        assert reader.unreadable() == [Unreadable("lib", b"x", "corrupt", "It is broken.")]
        found = reader.group_of("e")
        assert found is not None
        assert found.id == 2


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_hold_each_group_once_in_order(path: Path, sort: Sort) -> None:
    with results.opened(path) as reader:
        first = reader.page(EVERYTHING, sort, "", 1)
        rest = reader.page(EVERYTHING, sort, reader.cursor(first[0].id, sort), 5)
        assert sorted([g.id for g in first + rest]) == [1, 2]
        assert reader.page(EVERYTHING, sort, reader.cursor(rest[0].id, sort), 5) == []
        assert reader.count(EVERYTHING) == 2


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (GroupFilter(kind=Kind.EXACT), [2]),
        (GroupFilter(least=0.95), [2]),
        (GroupFilter(most=0.95), [1]),
        (GroupFilter(format="JPEG"), [1, 2]),
        (GroupFilter(format="JPE"), []),
        (GroupFilter(library="lib"), [1, 2]),
        (GroupFilter(library="lib", folder=b"x"), []),
        (GroupFilter(library="other"), []),
        (GroupFilter(show=Show.DECIDED), []),
    ],
)
def test_filters_leave_what_is_wanted(path: Path, wanted: GroupFilter, found: list[int]) -> None:
    with results.opened(path) as reader:
        assert [group.id for group in reader.page(wanted, Sort.FREED, "", 9)] == found
        assert reader.count(wanted) == len(found)


def test_a_folder_is_not_another_that_begins_alike(tmp_path: Path) -> None:
    images = [
        replace(image(name), path=place)
        for name, place in (("a", b"in/a"), ("b", b"in/deep/b"), ("c", b"inner/c"), ("d", b"inner/d"))
    ]
    pairs = [("a", [("b", EXACT)], 1), ("c", [("d", EXACT)], 1)]
    results.write(tmp_path / "r", results.Result(4, images, [], pairs, [], [], []))
    with results.opened(tmp_path / "r") as reader:
        for folder, ids in ((b"in", [1]), (b"in/deep", [1]), (b"inner", [2]), (b"i", []), (b"", [1, 2])):
            found = reader.page(GroupFilter(library="lib", folder=folder), Sort.FREED, "", 9)
            assert [group.id for group in found] == ids
            assert reader.count(GroupFilter(library="lib", folder=folder)) == len(ids)
        assert reader.folders(9) == [("lib", b"in", 1), ("lib", b"in/deep", 1), ("lib", b"inner", 1)]


def test_what_has_a_verdict_leaves_its_group_and_a_group_of_nothing_else_is_hidden(tmp_path: Path) -> None:
    images = [replace(image(name), digest=name * 64) for name in "abcde"]
    groups = [("a", [("b", EXACT), ("c", NEAR)], 20), ("d", [("e", EXACT)], 10)]
    results.write(tmp_path / "r", results.Result(5, images, [], groups, [], [], []))
    with results.opened(tmp_path / "r") as reader:
        decided = [("a" * 64, "c" * 64), ("d" * 64, "e" * 64), ("b" * 64, "c" * 64)]
        reader.settle(reader.settled_by(decided))
        (left,) = reader.page(EVERYTHING, Sort.FREED, "", 9)
        assert [member.image.id for member in left.members] == ["a", "b"]
        assert (left.kind, left.similarity, left.freed) == (Kind.EXACT, 1.0, 10)
        assert reader.group_of("c") is None
        assert [group.id for group in reader.page(GroupFilter(show=Show.DECIDED), Sort.FREED, "", 9)] == [2]
        assert reader.count(GroupFilter(show=Show.UNDECIDED)) == 1
        reader.touch(["b"])
        assert reader.count(GroupFilter(show=Show.UNDECIDED)) == 0
        assert reader.count(GroupFilter(show=Show.OPEN)) == 1


@pytest.mark.parametrize("cursor", ["x", "1~", "~1", "1~x", "nan~1", "1e999~1", f"{2**70}~1", "1"])
def test_a_cursor_that_is_none_is_refused(path: Path, cursor: str) -> None:
    with results.opened(path) as reader, pytest.raises(InvalidRequest):
        reader.page(EVERYTHING, Sort.FREED, cursor, 1)


def test_a_result_of_the_former_version_is_refused_with_what_to_do(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'version'", (results.VERSION - 1,))
    with pytest.raises(Conflict, match="Scan again"), results.opened(path):
        pass


def test_writing_again_replaces_the_result(path: Path) -> None:
    results.write(path, results.Result(0, [], [], [], [], [], []))
    with results.opened(path) as reader:
        assert reader.counts() == (0, 0)
    assert [p.name for p in path.parent.iterdir()] == ["result.sqlite"]


def test_what_is_not_there_is_said_so(path: Path, tmp_path: Path) -> None:
    with results.opened(path) as reader:
        with pytest.raises(NotFound):
            reader.group(3)
        with pytest.raises(NotFound):
            reader.image("z")
    with pytest.raises(Conflict), results.opened(tmp_path / "none.sqlite"):
        pass
