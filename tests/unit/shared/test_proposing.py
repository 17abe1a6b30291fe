"""What is proposed for a group: nothing goes but because of something that stays and is known to match it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import proposing
from shared.domain.keep_rules import Criterion, Rules, Step
from shared.domain.model import Alignment, Group, Image, Kind, Member, Signals, Tier
from shared.domain.proposing import Fate, Proposal, propose
from shared.domain.scan import Folder

WHOLE = Alignment(60, shown=1.0, shows=1.0, finer=1.0, mirrored=False, matrix=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
SIMILAR = Signals(0.9, Kind.RESIZED, None, 3, 0.9, Tier.PROVEN, 0.99, WHOLE)
SAME = Signals(1.0, Kind.SAME_PIXELS)
EXACT = Signals(1.0, Kind.EXACT)
BY_SIZE = Rules((Step(Criterion.BYTES),))


def image(path: str, size: int = 1, digest: str = "") -> Image:
    return Image(path, "lib", path.encode(), size, 5, digest or path, 4, 3, "JPEG")


def group(keeper: Image, *members: tuple[Image, Signals]) -> Group:
    everybody = (Member(keeper, None), *(Member(i, s) for i, s in members))
    return Group(1, keeper, everybody, Kind.RESIZED, 0.9, 1)


def fates(found: list[Proposal]) -> dict[str, str]:
    return {p.image.id: p.fate.value for p in found}


def ask(
    asked: Group, rules: Rules = BY_SIZE, known: set[tuple[str, str]] | None = None, only: str = ""
) -> list[Proposal]:
    def relation(one: Image, other: Image) -> Signals | None:
        return SIMILAR if known and {(one.id, other.id), (other.id, one.id)} & known else None

    return propose(asked, rules, lambda image: image.path.startswith(only.encode()), relation)


def test_all_but_the_best_go_and_each_says_why() -> None:
    found = ask(group(image("a", 9), (image("b", 3), SIMILAR), (image("c", 2), SAME)))
    assert fates(found) == {"a": "keep", "b": "move", "c": "move"}
    assert [p.reason for p in found] == ["largest file", "smaller file", "smaller file"]
    assert [[s.id for s in p.survivors] for p in found] == [[], ["a"], ["a"]]


def test_a_tie_is_left_to_the_person() -> None:
    found = ask(group(image("a", 9), (image("b", 9), SIMILAR), (image("c", 2), SAME)))
    assert set(fates(found).values()) == {"left"}


def test_a_member_that_is_not_known_to_match_the_one_that_stays_is_left() -> None:
    asked = group(image("a", 1), (image("b", 9), SIMILAR), (image("c", 2), SIMILAR))
    assert fates(ask(asked)) == {"a": "move", "b": "keep", "c": "left"}
    assert fates(ask(asked, known={("b", "c")})) == {"a": "move", "b": "keep", "c": "move"}


def test_equal_bytes_and_equal_pixels_are_known_without_a_comparison() -> None:
    asked = group(image("a", 1), (image("b", 9), SAME), (image("c", 2), SAME), (image("d", 9, "b"), SAME))
    found = fates(
        ask(asked, Rules((Step(Criterion.BYTES), Step(Criterion.SHORT_PATH), Step(Criterion.NAME, pattern="b"))))
    )
    assert found == {"a": "move", "b": "keep", "c": "move", "d": "move"}
    mixed = group(image("a", 1), (image("b", 9), SAME), (image("c", 2), SIMILAR))
    assert fates(ask(mixed))["c"] == "left"


def test_nothing_goes_from_a_protected_folder() -> None:
    rules = Rules((Step(Criterion.BYTES),), (Folder("lib", b"safe"),))
    found = ask(group(image("a", 9), (image("safe/b", 3), SIMILAR), (image("c", 2), SIMILAR)), rules)
    assert fates(found) == {"a": "keep", "safe/b": "keep", "c": "move"}


def test_an_equal_file_is_not_needed_beside_a_protected_one() -> None:
    rules = Rules((Step(Criterion.SHORT_PATH),), (Folder("lib", b"safe"),))
    found = ask(group(image("a", 9, "same"), (image("safe/b", 9, "same"), EXACT)), rules)
    assert fates(found) == {"a": "move", "safe/b": "keep"}
    assert found[1].reason == "in a protected folder"


def test_only_what_may_go_goes_and_a_tie_among_others_does_not_matter() -> None:
    asked = group(image("a/1", 9), (image("a/2", 9), EXACT), (image("b/1", 9), SIMILAR), (image("b/2", 1), SIMILAR))
    rules = Rules((Step(Criterion.FOLDERS, (Folder("lib", b"a"),)), Step(Criterion.BYTES)))
    found = ask(asked, rules, only="b/")
    assert fates(found) == {"a/1": "keep", "a/2": "keep", "b/1": "move", "b/2": "move"}
    assert found[1].reason == "not in the folder that is cleared"


def test_a_raw_and_its_jpeg_are_no_duplicates_of_each_other() -> None:
    asked = group(image("x/IMG_1.CR2", 9), (image("x/img_1.jpg", 3), SIMILAR), (image("y/IMG_1.JPG", 3), SIMILAR))
    assert fates(ask(asked)) == {"x/IMG_1.CR2": "keep", "x/img_1.jpg": "keep", "y/IMG_1.JPG": "move"}


def test_a_match_that_does_not_suffice_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposing, "proposable", lambda signals: signals.kind is not Kind.RESIZED)
    found = ask(group(image("a", 9), (image("b", 3), SIMILAR), (image("c", 2), SAME)))
    assert fates(found) == {"a": "keep", "b": "left", "c": "move"}


def test_what_was_decided_to_stay_beside_the_kept_one_stays() -> None:
    asked = group(image("a", 1), (image("b", 9), SAME), (image("c", 2), SAME))
    found = propose(asked, BY_SIZE, lambda image: True, lambda one, other: SIMILAR, {("b", "c")})
    assert fates(found) == {"a": "move", "b": "keep", "c": "keep"}
    assert found[2].reason == "it was decided before that both stay"


_names = st.sampled_from(["a", "safe/b", "c", "x/IMG.CR2", "x/IMG.JPG", "safe/f"])
_members = st.lists(
    st.tuples(st.builds(image, _names, st.integers(1, 3), st.sampled_from("pq")), st.sampled_from([SIMILAR, SAME])),
    min_size=1, max_size=5, unique_by=lambda one: one[0].id,
)  # fmt: skip


@given(members=_members, size=st.integers(1, 3), known=st.sets(st.tuples(_names, _names)), protect=st.booleans())
def test_something_always_stays_and_what_goes_matches_it(
    members: list[tuple[Image, Signals]], size: int, known: set[tuple[str, str]], protect: bool
) -> None:
    rules = Rules((Step(Criterion.BYTES),), (Folder("lib", b"safe"),) if protect else ())
    found = ask(group(image("k", size, "p"), *members), rules, known)
    staying = {p.image.id for p in found if p.fate is not Fate.MOVE}
    assert staying
    for proposal in found:
        assert proposal.reason
        if proposal.fate is Fate.MOVE:
            assert {s.id for s in proposal.survivors} <= staying
            assert proposal.survivors
            assert not rules.protects(proposal.image)


def torn(path: str, size: int) -> Image:
    return replace(image(path, size), damaged=True)


REST = replace(SIMILAR, kind=Kind.DAMAGED)


def test_what_is_left_of_a_file_goes_and_its_whole_stays_though_it_is_larger() -> None:
    asked = group(image("whole", 5), (torn("torn", 9), REST))
    found = ask(asked)
    assert fates(found) == {"whole": "keep", "torn": "move"}
    assert [p.reason for p in found] == ["not damaged", "damaged"]


def test_what_is_left_of_a_file_is_no_reason_for_others_to_go() -> None:
    asked = group(torn("a", 9), (torn("b", 3), REST), (torn("c", 2), EXACT))
    assert fates(ask(asked)) == {"a": "keep", "b": "left", "c": "move"}
    protected = Rules((Step(Criterion.BYTES),), (Folder("lib", b"safe"),))
    asked = group(image("whole", 5), (torn("safe/torn", 9), REST))
    assert fates(ask(asked, protected)) == {"whole": "keep", "safe/torn": "keep"}


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3)), min_size=2, max_size=6), st.sampled_from(["", "0", "1"]))
def test_a_whole_picture_never_goes_because_of_a_damaged_one(made: list[tuple[bool, int]], only: str) -> None:
    images = [replace(image(str(n), size), damaged=damaged) for n, (damaged, size) in enumerate(made)]
    keeper, *others = images
    known = {(a.id, b.id) for a in images for b in images}
    for proposal in ask(group(keeper, *((other, REST) for other in others)), known=known, only=only):
        if proposal.fate is Fate.MOVE:
            assert not any(image.damaged for image in proposal.survivors)
