from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.grouping import stars

edges = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)).filter(lambda e: e[0] != e[1]), max_size=60)


def neighbours(found: list[tuple[int, int]]) -> dict[int, list[int]]:
    both: dict[int, set[int]] = defaultdict(set)
    for a, b in found:
        both[a].add(b)
        both[b].add(a)
    return {item: sorted(others) for item, others in both.items()}


def test_a_chain_never_puts_unlike_ends_together() -> None:
    groups = stars(["a", "b", "c"], {"a": ["b"], "b": ["a", "c"], "c": ["b"]})
    assert groups == [("a", ["b"])]


def test_a_weak_match_does_not_tear_an_item_from_its_copy() -> None:
    matches = {"big": ["photo"], "photo": ["small copy", "big"], "small copy": ["photo"]}
    assert stars(["big", "photo", "small copy"], matches) == [("photo", ["small copy"])]


def test_the_best_that_matches_all_others_is_the_keeper() -> None:
    matches = {"b": ["a", "c"], "c": ["b", "d"], "d": ["c"], "a": ["b"]}
    assert stars(["a", "b", "c", "d"], matches) == [("a", ["b"]), ("c", ["d"])]


@given(edges)
def test_every_member_matches_its_keeper_and_no_item_is_in_two_groups(found: list[tuple[int, int]]) -> None:
    matches = neighbours(found)
    groups = stars(range(16), matches)
    assert all(member in matches[keeper] for keeper, members in groups for member in members)
    seen = [item for keeper, members in groups for item in (keeper, *members)]
    assert len(seen) == len(set(seen))


@given(edges)
def test_two_items_left_out_never_match(found: list[tuple[int, int]]) -> None:
    matches = neighbours(found)
    taken = {item for keeper, members in stars(range(16), matches) for item in (keeper, *members)}
    assert not any({a, b}.isdisjoint(taken) for a, b in found)


@given(edges, st.randoms())
def test_groups_do_not_depend_on_the_order_in_which_matches_were_found(found, random) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert stars(range(16), neighbours(found)) == stars(range(16), neighbours(shuffled))


@given(edges)
def test_no_keeper_could_be_replaced_by_a_better_one_of_its_group(found: list[tuple[int, int]]) -> None:
    matches = neighbours(found)
    for keeper, members in stars(range(16), matches):
        better = [item for item in members if item < keeper]
        assert not any({keeper, *members} - {item} <= set(matches[item]) for item in better)
