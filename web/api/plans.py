"""Plans: many groups decided by rules, looked at as a whole, carried out, stopped, undone."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import url_for

from shared.services import plans
from web.api import plan_views, views
from web.api.plan_schemas import (
    PlanBody,
    PlanGroupsOut,
    PlanGroupsQuery,
    PlanOut,
    PlansOut,
    RefusalsOut,
)
from web.context import context

blueprint = APIBlueprint("plans", __name__, url_prefix="/api")
Located = tuple[PlanOut, int, dict[str, str]]


def _located(plan_id: str, status: int) -> Located:
    return _shown(plan_id), status, {"Location": url_for("plans.get_plan", plan_id=plan_id)}


def _shown(plan_id: str) -> PlanOut:
    ctx = context()
    return plan_views.plan(views.library_names(ctx), plans.get(ctx, plan_id))


@blueprint.post("/scans/<scan_id>/plans")
@blueprint.input(PlanBody)
@blueprint.output(PlanOut, status_code=201)
@blueprint.doc(responses=[400, 404, 409])
def stage_plan(scan_id: str, json_data: PlanBody) -> Located:
    """Stage a plan for all groups that are wanted; nothing is moved by that."""
    target = None if json_data.target is None else json_data.target.folder()
    wanted, rules = json_data.wanted.wanted(), json_data.rules.rules()
    return _located(plans.stage(context(), scan_id, wanted, rules, json_data.action, target), 201)


@blueprint.get("/scans/<scan_id>/plans")
@blueprint.output(PlansOut)
def list_plans(scan_id: str) -> PlansOut:
    """The plans of a scan that were applied, the latest first."""
    ctx = context()
    names = views.library_names(ctx)
    return PlansOut(plans=[plan_views.plan(names, plan) for plan in plans.listed(ctx, scan_id)])


@blueprint.get("/plans/<plan_id>")
@blueprint.output(PlanOut)
def get_plan(plan_id: str) -> PlanOut:
    """A plan and how far it is."""
    return _shown(plan_id)


@blueprint.get("/plans/<plan_id>/groups")
@blueprint.input(PlanGroupsQuery, location="query")
@blueprint.output(PlanGroupsOut)
@blueprint.doc(responses=[409])
def list_planned_groups(plan_id: str, query_data: PlanGroupsQuery) -> PlanGroupsOut:
    """Groups of a plan page by page, with what is proposed for each picture and why."""
    ctx, query = context(), query_data
    found, following = plans.groups(ctx, plan_id, query.show, query.after, query.limit)
    scan_id = plans.get(ctx, plan_id).header.scan
    return PlanGroupsOut(groups=plan_views.groups(ctx, scan_id, found), next=following)


@blueprint.get("/plans/<plan_id>/refused")
@blueprint.output(RefusalsOut)
def list_refusals(plan_id: str) -> RefusalsOut:
    """Files that were not moved, or not brought back, each with its reason; the first hundred."""
    ctx = context()
    return RefusalsOut(refused=[plan_views.refusal(ctx, found) for found in plans.refused(ctx, plan_id)])


@blueprint.post("/plans/<plan_id>/apply")
@blueprint.output(PlanOut, status_code=202)
@blueprint.doc(responses=[409])
def apply_plan(plan_id: str) -> Located:
    """Carry a plan out, or go on with one that was stopped."""
    plans.apply(context(), plan_id)
    return _located(plan_id, 202)


@blueprint.post("/plans/<plan_id>/stop")
@blueprint.output(PlanOut, status_code=202)
@blueprint.doc(responses=[409])
def stop_plan(plan_id: str) -> Located:
    """Stop a plan after the file that is being moved."""
    plans.stop(context(), plan_id)
    return _located(plan_id, 202)


@blueprint.post("/plans/<plan_id>/undo")
@blueprint.output(PlanOut, status_code=202)
@blueprint.doc(responses=[409])
def undo_plan(plan_id: str) -> Located:
    """Bring back all that a plan moved."""
    plans.undo(context(), plan_id)
    return _located(plan_id, 202)


@blueprint.delete("/plans/<plan_id>")
@blueprint.output({}, status_code=204)
@blueprint.doc(responses=[409])
def discard_plan(plan_id: str) -> tuple[str, int]:
    """Drop a plan that was not applied."""
    plans.discard(context(), plan_id)
    return "", 204
