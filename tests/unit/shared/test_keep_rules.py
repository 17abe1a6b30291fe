"""Who stays: rules decide in their order, say why, and leave to people what they leave open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import InvalidRequest
from shared.domain.keep_rules import DEFAULT, Criterion, Rules, Step, choose, holds
from shared.domain.model import Facts, Image
from shared.domain.scan import Folder


def image(
    path: str, side: int = 10, size: int = 100, changed: int = 5, kind: str = "JPEG", digest: str = "", tags: int = 0
) -> Image:
    told = Facts(tags=tags)
    return Image(path, "lib", path.encode(), size, changed, digest or path, side, side, kind, facts=told)


def best(images: list[Image], *steps: Step) -> list[str]:
    return [i.id for i in choose(images, Rules(steps)).best]


LARGE, SMALL = image("trip/a.jpg", side=40, size=50, tags=12), image("b.png", side=20, size=90, changed=9, kind="PNG")


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        (Step(Criterion.PIXELS), LARGE),
        (Step(Criterion.BYTES), SMALL),
        (Step(Criterion.LOSSLESS), SMALL),
        (Step(Criterion.METADATA), LARGE),
        (Step(Criterion.OLDEST), LARGE),
        (Step(Criterion.NEWEST), SMALL),
        (Step(Criterion.SHORT_PATH), SMALL),
        (Step(Criterion.FOLDERS, (Folder("lib", b"elsewhere"), Folder("lib", b"trip"))), LARGE),
        (Step(Criterion.NAME, pattern="B*.PNG"), SMALL),
        (Step(Criterion.NOT_NAME, pattern="b?png"), LARGE),
    ],
)
def test_a_step_says_who_stays_and_why(step: Step, wanted: Image) -> None:
    choice = choose([LARGE, SMALL], Rules((step,)))
    assert choice.best == (wanted,)
    assert choice.step == step
    assert step.won()
    (fallen,) = choice.lost
    assert choice.lost[fallen].lost()


def test_an_earlier_step_counts_more() -> None:
    assert best([LARGE, SMALL], Step(Criterion.PIXELS), Step(Criterion.LOSSLESS)) == [LARGE.id]
    assert best([LARGE, SMALL], Step(Criterion.LOSSLESS), Step(Criterion.PIXELS)) == [SMALL.id]


def test_what_the_steps_leave_open_stays_open() -> None:
    twins = [image("a"), image("b"), image("c", side=3)]
    choice = choose(twins, Rules((Step(Criterion.PIXELS),)))
    assert [i.id for i in choice.best] == ["a", "b"]
    assert set(choice.lost) == {"c"}
    assert choose(twins, Rules()).best == tuple(twins)


def test_preferred_folders_count_in_their_order() -> None:
    images = [image("x/a"), image("y/a"), image("z/a")]
    assert best(images, Step(Criterion.FOLDERS, (Folder("lib", b"y"), Folder("lib", b"x")))) == ["y/a"]
    assert best(images, Step(Criterion.FOLDERS, (Folder("other", b"y"), Folder("lib", b"x")))) == ["x/a"]


def test_a_folder_holds_what_is_below_it_and_not_what_only_begins_alike() -> None:
    assert holds(Folder("lib", b"a"), image("a/b/c.jpg"))
    assert not holds(Folder("lib", b"a"), image("ab/c.jpg"))
    assert holds(Folder("lib"), image("c.jpg"))
    assert not holds(Folder("other"), image("c.jpg"))


@pytest.mark.parametrize(
    "rules",
    [
        Rules((Step(Criterion.FOLDERS),)),
        Rules((Step(Criterion.NAME),)),
        Rules((Step(Criterion.NOT_NAME, pattern="x" * 201),)),
        Rules((Step(Criterion.PIXELS),) * 21),
        Rules(protected=(Folder("lib"),) * 101),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules: Rules) -> None:
    with pytest.raises(InvalidRequest):
        rules.check()


_images = st.lists(
    st.builds(
        image,
        st.text("abc/", min_size=1, max_size=8),
        st.integers(1, 3),
        st.integers(1, 3),
        st.integers(1, 3),
        st.sampled_from(["JPEG", "PNG"]),
        tags=st.integers(0, 2),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda i: i.id,
)
_steps = st.lists(st.sampled_from([c for c in Criterion if c not in ("folders", "name", "not-name")]).map(Step))


@given(images=_images, steps=_steps, mixing=st.randoms(use_true_random=False))
def test_somebody_always_stays_and_the_order_of_files_does_not_matter(
    images: list[Image], steps: list[Step], mixing: object
) -> None:
    rules = Rules(tuple(steps))
    rules.check() if len(steps) <= 20 else None
    choice = choose(images, rules)
    assert choice.best
    assert {i.id for i in choice.best} | set(choice.lost) == {i.id for i in images}
    assert not {i.id for i in choice.best} & set(choice.lost)
    mixed = images.copy()
    mixing.shuffle(mixed)  # type: ignore[attr-defined]
    assert {i.id for i in choose(mixed, rules).best} == {i.id for i in choice.best}


def test_the_default_makes_sense() -> None:
    DEFAULT.check()


def test_a_damaged_picture_falls_behind_whole_ones_whatever_the_steps_say() -> None:
    torn = replace(LARGE, id="torn", damaged=True)
    for steps in ((), (Step(Criterion.PIXELS),), (Step(Criterion.FOLDERS, (Folder("lib", b"trip"),)),)):
        choice = choose([torn, SMALL], Rules(steps))
        assert choice.best == (SMALL,)
        assert choice.lost["torn"].lost() == "damaged"
    assert choose([torn], DEFAULT).best == (torn,)
