"""Keep rules that are saved by name."""

from __future__ import annotations

from apiflask import APIBlueprint

from shared.domain.keep_rules import DEFAULT
from shared.services import keep_rules
from web.api import plan_views, views
from web.api.plan_schemas import NamedRules, RulesListOut
from web.context import context

blueprint = APIBlueprint("keep_rules", __name__, url_prefix="/api/rules")


@blueprint.get("")
@blueprint.output(RulesListOut)
def list_rules() -> RulesListOut:
    """Saved rules by name, and those that are proposed at first."""
    ctx = context()
    names = views.library_names(ctx)
    saved = [NamedRules(name=name, rules=plan_views.rules(names, rules)) for name, rules in keep_rules.listed(ctx)]
    return RulesListOut(saved=saved, default=plan_views.rules(names, DEFAULT))


@blueprint.post("")
@blueprint.input(NamedRules)
@blueprint.output(NamedRules, status_code=201)
@blueprint.doc(responses=[400])
def save_rules(json_data: NamedRules) -> tuple[NamedRules, int]:
    """Save rules, in the place of earlier ones of this name."""
    keep_rules.save(context(), json_data.name, json_data.rules.rules())
    return json_data, 201


@blueprint.delete("/<name>")
@blueprint.output({}, status_code=204)
@blueprint.doc(responses=[404])
def remove_rules(name: str) -> tuple[str, int]:
    """Remove saved rules."""
    keep_rules.remove(context(), name)
    return "", 204
