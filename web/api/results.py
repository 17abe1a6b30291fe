"""What a scan or search found. All answer 409 until it has ended well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from shared.services import around, export, regroup, report, review, scans, verdicts
from web.api import views
from web.api.answers import (
    AroundOut,
    ChangedOut,
    ChoicesOut,
    FolderPairsOut,
    GroupOut,
    GroupsOut,
    MatchesOut,
    ProvisionalOut,
    RegroupedOut,
    UnreadableListOut,
    UnreadableOut,
)
from web.api.result_schema import GROUPS, RESULT
from web.api.schemas import ExportQuery, GroupsQuery, ProvisionalQuery, SortQuery, ThresholdQuery, VerdictBody
from web.context import context

blueprint = APIBlueprint("results", __name__, url_prefix="/api/scans/<scan_id>")

_RESULT_RESPONSE: dict[int, Any] = {
    200: {"description": "The whole result", "content": {"application/json": {"schema": RESULT}}}
}


_CSV_RESPONSE: dict[int, Any] = {
    200: {"description": "Lines of CSV, the first one the names of the columns", "content": {"text/csv": {}}},
    409: {"description": "The scan has not ended well"},
}


_JSON_RESPONSE: dict[int, Any] = {
    200: {"description": "A document with the groups", "content": {"application/json": {"schema": GROUPS}}},
    409: {"description": "The scan has not ended well"},
}
_HTML_RESPONSE: dict[int, Any] = {
    200: {"description": "A page that needs nothing beside it", "content": {"text/html": {}}},
    409: {"description": "The scan has not ended well"},
}


@blueprint.get("/result")
@blueprint.doc(responses=_RESULT_RESPONSE)
def get_result(scan_id: str) -> Response:
    """The whole result, the same as ``lookalike scan --output`` writes."""
    return jsonify(scans.result(context(), scan_id))


@blueprint.get("/groups")
@blueprint.input(GroupsQuery, location="query")
@blueprint.output(GroupsOut)
@blueprint.doc(responses=[400, 409])
def list_groups(scan_id: str, query_data: GroupsQuery) -> GroupsOut:
    """Groups page by page, sorted and filtered; what has a verdict is left out unless decided ones are wanted."""
    ctx, query = context(), query_data
    page = review.groups(ctx, scan_id, query.wanted(), query.sort, query.after, query.limit)
    shown = views.groups(ctx, scan_id, page.groups, page.cursors)
    return GroupsOut(groups=shown, next=page.cursors[-1] if page.more else None, total=page.total)


@blueprint.get("/provisional")
@blueprint.input(ProvisionalQuery, location="query")
@blueprint.output(ProvisionalOut)
@blueprint.doc(responses=[400, 409])
def list_provisional(scan_id: str, query_data: ProvisionalQuery) -> ProvisionalOut:
    """Groups that a scan has found so far, while it still compares: to be looked at, not decided on."""
    ctx, query = context(), query_data
    page, made = review.provisional(ctx, scan_id, query.sort, query.after, query.limit)
    shown = views.groups(ctx, scan_id, page.groups, page.cursors)
    return ProvisionalOut(groups=shown, next=page.cursors[-1] if page.more else None, total=page.total, made=made)


@blueprint.get("/groups/<int:group_id>")
@blueprint.input(SortQuery, location="query")
@blueprint.output(GroupOut)
@blueprint.doc(responses=[409])
def get_group(scan_id: str, group_id: int, query_data: SortQuery) -> GroupOut:
    """One group."""
    ctx = context()
    found, cursor = review.group(ctx, scan_id, group_id, query_data.sort)
    return views.groups(ctx, scan_id, [found], [cursor])[0]


@blueprint.get("/groups/<int:group_id>/around/<image_id>")
@blueprint.output(AroundOut)
@blueprint.doc(responses=[409])
def group_around(scan_id: str, group_id: int, image_id: str) -> AroundOut:
    """One group formed anew around another of its images: what is not known to match that one leaves."""
    ctx = context()
    found = around.around(ctx, scan_id, group_id, image_id)
    cursor = review.group(ctx, scan_id, group_id)[1]
    shown = views.groups(ctx, scan_id, [found.group], [cursor]) if found.group is not None else [None]
    return AroundOut(group=shown[0], left=[image.id for image in found.left])


@blueprint.get("/choices")
@blueprint.output(ChoicesOut)
@blueprint.doc(responses=[409])
def list_choices(scan_id: str) -> ChoicesOut:
    """What groups can be filtered by: formats, and the folders with the most groups."""
    ctx = context()
    formats, folders = review.choices(ctx, scan_id)
    names = views.library_names(ctx)
    return ChoicesOut(formats=formats, folders=[views.folder_choice(names, *folder) for folder in folders])


@blueprint.get("/regroup")
@blueprint.input(ThresholdQuery, location="query")
@blueprint.output(RegroupedOut)
@blueprint.doc(responses=[400, 409])
def preview_regroup(scan_id: str, query_data: ThresholdQuery) -> RegroupedOut:
    """What there would be at another threshold: nothing is compared again."""
    found = regroup.preview(context(), scan_id, query_data.threshold)
    return RegroupedOut.model_validate(found, from_attributes=True)


@blueprint.post("/regroup")
@blueprint.input(ThresholdQuery)
@blueprint.output(RegroupedOut)
@blueprint.doc(responses=[400, 403, 409])
def apply_regroup(scan_id: str, json_data: ThresholdQuery) -> RegroupedOut:
    """Show the groups of another threshold from now on."""
    found = regroup.apply(context(), scan_id, json_data.threshold)
    return RegroupedOut.model_validate(found, from_attributes=True)


@blueprint.get("/folder-pairs")
@blueprint.output(FolderPairsOut)
@blueprint.doc(responses=[409])
def list_folder_pairs(scan_id: str) -> FolderPairsOut:
    """Which folders hold the same pictures: the 200 pairs with the most bytes twice."""
    ctx = context()
    names = views.library_names(ctx)
    return FolderPairsOut(pairs=[views.folder_pair(names, pair) for pair in review.folder_pairs(ctx, scan_id)])


@blueprint.post("/verdicts")
@blueprint.input(VerdictBody)
@blueprint.output(ChangedOut)
@blueprint.doc(responses=[404, 409])
def decide_pairs(scan_id: str, json_data: VerdictBody) -> ChangedOut:
    """Decide about pairs of images of this scan, or forget what was decided; by content, so it outlives the scan."""
    pairs = [(pair.a, pair.b) for pair in json_data.pairs]
    return ChangedOut(changed=verdicts.decide(context(), scan_id, pairs, json_data.verdict))


@blueprint.get("/matches")
@blueprint.output(MatchesOut)
@blueprint.doc(responses=[409])
def list_matches(scan_id: str) -> MatchesOut:
    """Matches of a search, best first."""
    ctx = context()
    return MatchesOut(matches=views.members(ctx, scan_id, review.matches(ctx, scan_id)))


@blueprint.get("/unreadable")
@blueprint.output(UnreadableListOut)
@blueprint.doc(responses=[409])
def list_unreadable(scan_id: str) -> UnreadableListOut:
    """Files that could not be used, each with its reason."""
    ctx = context()
    return UnreadableListOut(
        unreadable=[
            UnreadableOut(path=review.display_path(ctx, u.library, u.path), code=u.code, reason=u.reason)
            for u in scans.unreadable(ctx, scan_id)
        ]
    )


@blueprint.get("/groups.csv")
@blueprint.input(ExportQuery, location="query")
@blueprint.doc(responses=_CSV_RESPONSE)
def export_groups(scan_id: str, query_data: ExportQuery) -> Response:
    """The groups as CSV, one line a picture; what has a verdict is left out unless decided ones are wanted."""
    lines = export.groups(context(), scan_id, query_data.selection())
    return _download(lines, "text/csv", f"lookalike-{scan_id}.csv")


@blueprint.get("/groups.json")
@blueprint.input(ExportQuery, location="query")
@blueprint.doc(responses=_JSON_RESPONSE)
def export_groups_json(scan_id: str, query_data: ExportQuery) -> Response:
    """The same as JSON, a group with its pictures a line."""
    pieces = export.groups_json(context(), scan_id, query_data.selection())
    return _download(pieces, "application/json", f"lookalike-{scan_id}-groups.json")


@blueprint.get("/report.html")
@blueprint.input(ExportQuery, location="query")
@blueprint.doc(responses=_HTML_RESPONSE)
def export_report(scan_id: str, query_data: ExportQuery) -> Response:
    """The same as a page with thumbnails in it, for people; the first thousand groups."""
    pieces = report.report(context(), scan_id, query_data.selection())
    return _download(pieces, "text/html", f"lookalike-{scan_id}.html")


@blueprint.get("/unreadable.csv")
@blueprint.doc(responses=_CSV_RESPONSE)
def export_unreadable(scan_id: str) -> Response:
    """The files that could not be used as CSV, each with its reason."""
    lines = export.unreadable(context(), scan_id)
    return _download(lines, "text/csv", f"lookalike-{scan_id}-unreadable.csv")


def _download(pieces: Iterator[str], mimetype: str, name: str) -> Response:
    response = Response(pieces, mimetype=mimetype)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
