import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers import scores


def matches(pairs: list[tuple[int, int]], flags: int = scores.MATCHES) -> np.ndarray:
    found = np.zeros(len(pairs), scores.MATCH)
    found["a"] = [a for a, _ in pairs]
    found["b"] = [b for _, b in pairs]
    found["cosine"], found["flags"] = np.nan, flags
    return found


pair_lists = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda p: p[0] < p[1]), unique=True)


@given(pair_lists)
def test_packed_scores_come_back(pairs: list[tuple[int, int]]) -> None:
    omitted = np.array([(1, 93, 2)] if pairs else [], scores.OMITTED)
    packed = scores.Scores(matches(pairs), omitted, np.arange(3, dtype=np.uint32)).pack()
    found = scores.Scores.unpack(packed)
    assert found.pack() == packed
    assert len(packed) == 12 + 18 * len(pairs) + 9 * len(omitted) + 4 * 3


@given(pair_lists, st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_strongest_of_each_image_stay_and_the_rest_is_counted(pairs, most, random) -> None:
    found = matches(pairs)
    strength = np.arange(len(pairs), dtype=np.float32) / 100  # all different, in any order
    random.shuffle(strength)
    kept = scores.capped(found, strength, most)
    of_pair = dict(zip(pairs, strength, strict=True))
    kept_pairs = {(int(m["a"]), int(m["b"])) for m in kept.matches}
    for pair, value in of_pair.items():
        ranks = [sum(v > value for p, v in of_pair.items() if image in p) for image in pair]
        assert (pair in kept_pairs) == (min(ranks) < most)
    dropped = [(row, round(100 * of_pair[pair])) for pair in pairs if pair not in kept_pairs for row in pair]
    assert kept.omitted.tolist() == sorted((row, percent, dropped.count((row, percent))) for row, percent in {*dropped})


def test_torn_scores_are_refused() -> None:
    packed = scores.Scores(matches([(0, 1)])).pack()
    for length in range(len(packed)):
        with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
            scores.Scores.unpack(packed[:length])
    with pytest.raises(ValueError, match="read-only"):
        scores.Scores.unpack(packed).matches["a"] = 3


@given(st.lists(st.floats(-1, 1, width=32) | st.sampled_from([0.0, -0.0, 1.0]), min_size=1, max_size=9))
def test_the_stronger_match_ranks_first_whatever_its_sign_and_of_equals_the_lower_row(reaches: list[float]) -> None:
    found = matches([(0, row) for row in range(1, len(reaches) + 1)])
    ranked = np.argsort(scores.rank(found, np.array(reaches, np.float32))[0])
    assert ranked.tolist() == sorted(range(len(reaches)), key=lambda at: (-reaches[at], at))
