"""What the API takes and gives about keep rules and plans. Conventions as in ``web.api.schemas``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.domain.deletion import Action
from shared.domain.keep_rules import LONGEST_PATTERN, MOST_FOLDERS, MOST_STEPS, Criterion, Rules, Step
from shared.domain.model import Kind
from shared.domain.plan import PlanShow, PlanState
from shared.domain.proposing import Fate
from shared.domain.review import Between, GroupFilter, Show
from shared.domain.scan import Folder
from web.api.answers import GroupOut
from web.api.path_bytes import PathBytes
from web.api.schemas import Id, Text, _In, _Out


class Place(_In):
    """A folder of a library; ``label`` is for showing, not read."""

    library: Id
    path_b64: PathBytes = b""
    label: Text = Field(default="", max_length=5000)

    def folder(self) -> Folder:
        return Folder(self.library, self.path_b64)


class StepBody(_In):
    """``folders`` is for the criterion folders, ``pattern`` for those of names."""

    by: Criterion
    folders: list[Place] = Field(default_factory=list, max_length=MOST_FOLDERS)
    pattern: Text = Field(default="", max_length=LONGEST_PATTERN)

    def step(self) -> Step:
        return Step(self.by, tuple(place.folder() for place in self.folders), self.pattern)


class RulesBody(_In):
    """Steps in the order in which they count, and folders of which nothing goes."""

    steps: list[StepBody] = Field(default_factory=list, max_length=MOST_STEPS)
    protected: list[Place] = Field(default_factory=list, max_length=MOST_FOLDERS)

    def rules(self) -> Rules:
        return Rules(tuple(step.step() for step in self.steps), tuple(place.folder() for place in self.protected))


class NamedRules(_In):
    name: Text = Field(min_length=1, max_length=100)
    rules: RulesBody


class RulesListOut(_Out):
    """``default`` is what is proposed where nobody has said otherwise."""

    saved: list[NamedRules]
    default: RulesBody


class BetweenBody(_In):
    """Two folders with pictures alike directly in them: what ``keep`` has may go from ``clear``."""

    keep: Place
    clear: Place

    def between(self) -> Between:
        return Between(self.keep.folder(), self.clear.folder())


class WantedBody(_In):
    """Which groups; the fields of the query of groups, and ``between``."""

    show: Show = Show.OPEN
    kind: Kind | None = None
    library: Id | None = None
    folder_b64: PathBytes = b""
    least: float = Field(default=0.0, ge=0, le=1)
    most: float = Field(default=1.0, ge=0, le=1)
    format: Annotated[Text, StringConstraints(max_length=40)] | None = None
    between: BetweenBody | None = None

    def wanted(self) -> GroupFilter:
        between = None if self.between is None else self.between.between()
        return GroupFilter(
            self.show, self.kind, self.library, self.folder_b64, self.least, self.most, self.format, between
        )


class PlanBody(_In):
    wanted: WantedBody = WantedBody()
    rules: RulesBody
    action: Action = Action.TRASH
    target: Place | None = None


class PlanTotalsOut(_Out):
    """Groups looked at; pictures that stay and that go, with their bytes; groups with anything left for a person."""

    groups: int
    keeps: int
    moves: int
    freed: int
    left: int


class PlanProgressOut(_Out):
    """Files moved, their bytes, refused, and brought back since."""

    done: int
    freed: int
    refused: int
    restored: int


class PlanOut(_Out):
    id: str
    scan: str
    state: PlanState
    created: float
    wanted: WantedBody
    rules: RulesBody
    action: Action
    target: Place | None
    totals: PlanTotalsOut
    progress: PlanProgressOut


class PlansOut(_Out):
    plans: list[PlanOut]


class PlanGroupsQuery(_In):
    """``after`` is a ``next``, the place of a group in the plan."""

    show: PlanShow = PlanShow.MOVES
    after: int = Field(0, ge=0, le=1 << 40)
    limit: int = Field(20, ge=1, le=100)


class FateOut(_Out):
    fate: Fate
    reason: str


class PlannedGroupOut(_Out):
    """A group as it was when the plan was staged; ``fates`` say by image id what is proposed."""

    group: GroupOut
    fates: dict[str, FateOut]


class PlanGroupsOut(_Out):
    groups: list[PlannedGroupOut]
    next: int | None


class RefusalOut(_Out):
    path: str
    code: str | None
    reason: str | None


class RefusalsOut(_Out):
    refused: list[RefusalOut]
