"""Rules and plans as the API's models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from shared.context import Context
from shared.domain.deletion import Outcome
from shared.domain.keep_rules import Rules
from shared.domain.plan import Plan
from shared.domain.review import Between, GroupFilter
from shared.domain.scan import Folder
from shared.services import review
from shared.services.plans import Planned
from web.api import views
from web.api.plan_schemas import (
    BetweenBody,
    FateOut,
    Place,
    PlannedGroupOut,
    PlanOut,
    PlanProgressOut,
    PlanTotalsOut,
    RefusalOut,
    RulesBody,
    StepBody,
    WantedBody,
)
from web.api.views import Names


def place(names: Names, folder: Folder) -> Place:
    return Place(library=folder.library, path_b64=folder.path, label=label(names, folder))


def label(names: Names, folder: Folder) -> str:
    """A folder in people's words: its library's name and the path inside it."""
    return "/".join(filter(None, (names.get(folder.library, "?"), views.text(folder.path))))


def rules(names: Names, shown: Rules) -> RulesBody:
    steps = [
        StepBody(by=step.by, folders=[place(names, folder) for folder in step.folders], pattern=step.pattern)
        for step in shown.steps
    ]
    return RulesBody(steps=steps, protected=[place(names, folder) for folder in shown.protected])


def plan(names: Names, shown: Plan) -> PlanOut:
    header = shown.header
    return PlanOut(
        id=shown.id,
        scan=header.scan,
        state=shown.state,
        created=header.created,
        wanted=_wanted(names, header.wanted),
        rules=rules(names, header.rules),
        action=header.action,
        target=None if header.target is None else place(names, header.target),
        totals=PlanTotalsOut(**asdict(header.totals)),
        progress=PlanProgressOut(**asdict(shown.progress)),
    )


def _wanted(names: Names, shown: GroupFilter) -> WantedBody:
    return WantedBody(
        show=shown.show,
        kind=shown.kind,
        library=shown.library,
        folder_b64=shown.folder,
        least=shown.least,
        most=shown.most,
        format=shown.format,
        between=None if shown.between is None else _between(names, shown.between),
    )


def _between(names: Names, shown: Between) -> BetweenBody:
    return BetweenBody(keep=place(names, shown.keep), clear=place(names, shown.clear))


def groups(ctx: Context, scan_id: str, shown: Sequence[Planned]) -> list[PlannedGroupOut]:
    found = views.groups(ctx, scan_id, [one.group for one in shown], [str(one.place) for one in shown])
    return [
        PlannedGroupOut(
            group=group, fates={i: FateOut(fate=fate, reason=reason) for i, (fate, reason) in one.fates.items()}
        )
        for group, one in zip(found, shown, strict=True)
    ]


def refusal(ctx: Context, shown: Outcome) -> RefusalOut:
    path = review.display_path(ctx, shown.library, shown.path)
    return RefusalOut(path=path, code=shown.code, reason=shown.reason)
