"""What is proposed for a group: which pictures stay, which go, and which are left for a person; each with its reason.

Invariant: a picture is proposed to go only because of one that stays and that it is known to match itself (the picture
that the group was found around may go too, so that matching it is not enough), and never if it is protected. A damaged
picture is no reason for any other to go.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from enum import StrEnum

from shared.domain import keep_rules
from shared.domain.alignment import flipped
from shared.domain.companions import partners
from shared.domain.keep_rules import Choice, Rules
from shared.domain.model import Group, Image, Kind, Signals
from shared.domain.proposals import proposable
from shared.domain.review import digest_pair

EXACT = Signals.equal(Kind.EXACT)
SAME_PIXELS = Signals.equal(Kind.SAME_PIXELS)


class Fate(StrEnum):
    """What is to become of a picture."""

    KEEP = "keep"
    MOVE = "move"
    LEFT = "left"  # for a person to decide


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for one picture, and why. ``survivors`` stay and match it: for one that is to go."""

    image: Image
    fate: Fate
    reason: str
    survivors: tuple[Image, ...] = ()


Relation = Callable[[Image, Image], Signals | None]
"""How the second of two images of a result is known to lie on the first; None where they do not match."""
MayGo = Callable[[Image], bool]


def propose(
    group: Group, rules: Rules, may_go: MayGo, relation: Relation, decided: Container[tuple[str, str]] = ()
) -> list[Proposal]:
    """Proposals for all members of a group, in their order.

    ``may_go`` restricts what may be proposed to go; ``decided`` are the pairs of digests, ascending, with a verdict.
    """
    images = [member.image for member in group.members]
    choice = keep_rules.choose(images, rules)
    stays = {image.id for image in images if rules.protects(image) or not may_go(image)}
    kept = _kept(group, choice, rules, stays)
    if kept is None:
        return [_undecided(image, choice, rules, stays) for image in images]
    winner, why = kept
    related = _Related(group, winner, relation)
    return [
        _of_member(image, choice, rules, stays, related, digest_pair(image.digest, winner.digest) in decided)
        if image is not winner
        else Proposal(image, Fate.KEEP, why)
        for image in images
    ]


def _kept(group: Group, choice: Choice, rules: Rules, stays: set[str]) -> tuple[Image, str] | None:
    """The picture that stays and why; None where that is for a person to say.

    One that is protected stays anyway, so that an equal file of it is not needed; and a tie among files that all stay
    anyway is none.
    """
    won = choice.step.won() if choice.step is not None else "the rules leave no choice"
    protected = [
        m.image for m in group.members if rules.protects(m.image) and m.image.digest in {i.digest for i in choice.best}
    ]
    if protected:
        return protected[0], "in a protected folder"
    if len(choice.best) == 1:
        return choice.best[0], won
    if all(image.id in stays for image in choice.best):
        keeper = next((image for image in choice.best if image.id == group.keeper.id), choice.best[0])
        return keeper, won if choice.step is not None else "in a folder that is kept"
    return None


def _undecided(image: Image, choice: Choice, rules: Rules, stays: set[str]) -> Proposal:
    if image.id in stays:
        return _staying(image, rules)
    lost = choice.lost.get(image.id)
    return Proposal(image, Fate.LEFT, "as good as another by all rules" if lost is None else lost.lost())


def _staying(image: Image, rules: Rules) -> Proposal:
    why = "in a protected folder" if rules.protects(image) else "not in the folder that is cleared"
    return Proposal(image, Fate.KEEP, why)


class _Related:
    """How the members of a group match the one that stays."""

    def __init__(self, group: Group, winner: Image, relation: Relation) -> None:
        self.winner = winner
        self._relation = relation
        self._keeper = group.keeper
        self._signals = {member.image.id: member.signals for member in group.members}

    def signals(self, image: Image) -> Signals | None:
        """How a member lies on the winner: known without having been compared, or by their own comparison."""
        if image.digest == self.winner.digest:
            return EXACT
        mine, its = self._to_keeper(image), self._to_keeper(self.winner)
        if its is not None and its.kind is Kind.EXACT:
            return mine
        if mine is not None and mine.kind is Kind.EXACT:
            return its if its is None else flipped(its, image, self.winner)
        if mine and its and {mine.kind, its.kind} == {Kind.SAME_PIXELS}:
            return SAME_PIXELS
        return self._relation(self.winner, image)

    def _to_keeper(self, image: Image) -> Signals | None:
        return EXACT if image.digest == self._keeper.digest else self._signals[image.id]


def _of_member(
    image: Image, choice: Choice, rules: Rules, stays: set[str], related: _Related, decided: bool
) -> Proposal:
    if image.id in stays:
        return _staying(image, rules)
    if decided:
        return Proposal(image, Fate.KEEP, "it was decided before that both stay")
    winner = related.winner
    if image.library == winner.library and partners(image.path, winner.path):
        return Proposal(image, Fate.KEEP, "the other half of a RAW and JPEG pair")
    signals = related.signals(image)
    if signals is None:
        return Proposal(image, Fate.LEFT, "not known to match the one that is kept")
    if winner.damaged and signals.kind is not Kind.EXACT:
        return Proposal(image, Fate.LEFT, "the one that is kept is damaged")
    if not proposable(signals):
        return Proposal(image, Fate.LEFT, "alike, but not surely the same picture")
    return Proposal(image, Fate.MOVE, _why_not_kept(image, choice, winner), (winner,))


def _why_not_kept(image: Image, choice: Choice, winner: Image) -> str:
    lost = choice.lost.get(image.id)
    if lost is not None:
        return lost.lost()
    return "the same file is kept" if image.digest == winner.digest else "as good by all rules as the one that is kept"
