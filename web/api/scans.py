"""Scans: ask for one, watch it, stop it."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import url_for

from shared.domain.scan import Folder, ScanRequest
from shared.services import scan_control, scans
from web import models
from web.api.answers import ScanOut, ScansOut
from web.api.schemas import FolderRef, Method, ScanBody, ScansQuery
from web.context import context

blueprint = APIBlueprint("scans", __name__, url_prefix="/api/scans")

Accepted = tuple[dict[str, Any], int, dict[str, str]]
"""202: the progress so far, and the address at which to follow it."""


def scan_request(method: Method, folders: list[FolderRef], **others: Any) -> ScanRequest:
    """What was asked, with networks and weights checked. Raises InvalidRequest."""
    ctx = context()
    return ScanRequest(
        folders=tuple(Folder(folder.library, folder.path_b64) for folder in folders),
        preset=method.preset,
        threshold=method.threshold,
        max_distance=method.max_distance,
        model=models.model(ctx, method.model),
        weights=models.weights(ctx, method.weights),
        preprocessing=method.preprocessing,
        **others,
    )


def accepted(scan_id: str) -> Accepted:
    progress = scans.progress(context(), scan_id).to_json()
    return progress, 202, {"Location": url_for("scans.get_scan", scan_id=scan_id)}


@blueprint.get("")
@blueprint.input(ScansQuery, location="query")
@blueprint.output(ScansOut)
def list_scans(query_data: ScansQuery) -> dict[str, Any]:
    """Scans and searches, newest first, page by page."""
    found = scans.listed(context(), query_data.limit + 1, query_data.before)
    shown = found[: query_data.limit]
    return {
        "scans": [progress.to_json() for progress in shown],
        "next": shown[-1].created if len(found) > len(shown) else None,
    }


@blueprint.post("")
@blueprint.input(ScanBody)
@blueprint.output(ScanOut, status_code=202)
@blueprint.doc(responses=[400, 403, 404])
def start_scan(json_data: ScanBody) -> Accepted:
    """Start a scan of folders, among themselves or against reference folders."""
    reference = tuple(Folder(folder.library, folder.path_b64) for folder in json_data.reference)
    wanted = scan_request(json_data, json_data.folders, reference=reference)
    return accepted(scans.request(context(), wanted))


@blueprint.get("/<scan_id>")
@blueprint.output(ScanOut)
def get_scan(scan_id: str) -> dict[str, Any]:
    """How far a scan or search is."""
    return scans.progress(context(), scan_id).to_json()


@blueprint.post("/<scan_id>/cancel")
@blueprint.output(ScanOut)
def cancel_scan(scan_id: str) -> dict[str, Any]:
    """Stop a scan or search; one that has ended stays as it is."""
    return scans.cancel(context(), scan_id).to_json()


@blueprint.post("/<scan_id>/pause")
@blueprint.output(ScanOut)
def pause_scan(scan_id: str) -> dict[str, Any]:
    """Finish what is under way and begin nothing new, also after a restart; one that has ended stays as it is."""
    return scan_control.pause(context(), scan_id).to_json()


@blueprint.post("/<scan_id>/resume")
@blueprint.output(ScanOut)
def resume_scan(scan_id: str) -> dict[str, Any]:
    """Let a paused scan go on."""
    return scan_control.resume(context(), scan_id).to_json()


@blueprint.post("/<scan_id>/again")
@blueprint.output(ScanOut, status_code=202)
@blueprint.doc(responses=[400, 404, 409])
def repeat_scan(scan_id: str) -> Accepted:
    """Start the same scan once more; what is unchanged is not read again. 409 ``upload_gone`` for a search."""
    return accepted(scan_control.again(context(), scan_id))


@blueprint.delete("/<scan_id>")
@blueprint.output({}, status_code=204)
@blueprint.doc(responses=[404, 409])
def delete_scan(scan_id: str) -> tuple[str, int]:
    """Forget a scan that has ended, with its result; 409 ``not_ended`` before. No picture is touched."""
    scan_control.delete(context(), scan_id)
    return "", 204
