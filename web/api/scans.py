"""Scans: ask for one, watch it, stop it."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import url_for

from shared.domain.scan import Folder, ScanRequest
from shared.services import scans
from web import models
from web.api.schemas import FolderRef, Method, ScanBody, ScanOut, ScansOut
from web.context import context

blueprint = APIBlueprint("scans", __name__, url_prefix="/api/scans")

Accepted = tuple[dict[str, Any], int, dict[str, str]]
"""202: the progress so far, and the address at which to follow it."""


def scan_request(method: Method, folders: list[FolderRef], **upload: Any) -> ScanRequest:
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
        **upload,
    )


def accepted(scan_id: str) -> Accepted:
    progress = scans.progress(context(), scan_id).to_json()
    return progress, 202, {"Location": url_for("scans.get_scan", scan_id=scan_id)}


@blueprint.get("")
@blueprint.output(ScansOut)
def list_scans() -> dict[str, Any]:
    """The latest scans and searches, newest first."""
    return {"scans": [progress.to_json() for progress in scans.listed(context())]}


@blueprint.post("")
@blueprint.input(ScanBody)
@blueprint.output(ScanOut, status_code=202)
@blueprint.doc(responses=[400, 403, 404])
def start_scan(json_data: ScanBody) -> Accepted:
    """Start a scan of folders."""
    return accepted(scans.request(context(), scan_request(json_data, json_data.folders)))


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
