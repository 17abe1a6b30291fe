"""The pages: shells rendered here and filled by the modules in static/js, which call the API like any program."""

from __future__ import annotations

from datetime import UTC, datetime

from apiflask import APIBlueprint, APIFlask
from flask import render_template

from shared.domain.scan import DEFAULT_MAX_DISTANCE, DEFAULT_MODEL, DEFAULT_THRESHOLD, HASH_BITS, ScanKind
from shared.domain.weights import SIZE
from shared.services import plans, scans, weights
from web import models
from web.context import context

blueprint = APIBlueprint("pages", __name__, enable_openapi=False)

RECENT = 12
"""Scans that the start page lists."""


def install(app: APIFlask) -> None:
    app.register_blueprint(blueprint)
    app.jinja_env.filters["iso"] = _iso


def _iso(seconds: float) -> str:
    """A time as HTML's ``datetime`` attribute takes it, in UTC; the page shows it in the reader's own zone."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


@blueprint.get("/")
def start() -> str:
    """Choose folders and a method, start; the latest scans below."""
    return render_template("start.html", recent=scans.listed(context(), RECENT), **_choices())


@blueprint.get("/find")
def find() -> str:
    """Choose an image and folders to find it in."""
    return render_template("find.html", max_upload=context().settings.max_upload, **_choices())


@blueprint.get("/scans")
def scans_page() -> str:
    """All scans, with how far each is and what can be done with it."""
    return render_template("scans.html")


@blueprint.get("/scans/<scan_id>")
def scan(scan_id: str) -> str:
    """Progress of a scan or search, then what it found."""
    progress = scans.progress(context(), scan_id)
    return render_template("scan.html", scan=progress, is_search=progress.request.kind is ScanKind.FIND)


@blueprint.get("/scans/<scan_id>/compare")
def compare(scan_id: str) -> str:
    """Two pictures of a group against each other."""
    return render_template("compare.html", scan=scans.progress(context(), scan_id))


@blueprint.get("/scans/<scan_id>/plan")
def new_plan(scan_id: str) -> str:
    """Rules for the groups of a scan, and what would come of them."""
    return render_template("plan.html", scan=scans.progress(context(), scan_id), plan_id="")


@blueprint.get("/scans/<scan_id>/folders")
def folder_pairs(scan_id: str) -> str:
    """Which folders hold the same pictures."""
    return render_template("pairs.html", scan=scans.progress(context(), scan_id))


@blueprint.get("/plans/<plan_id>")
def plan(plan_id: str) -> str:
    """A plan as a whole: to look at, to carry out, to undo."""
    scan_id = plans.get(context(), plan_id).header.scan
    return render_template("plan.html", scan=scans.progress(context(), scan_id), plan_id=plan_id)


@blueprint.get("/scans/<scan_id>/calibrate")
def calibrate(scan_id: str) -> str:
    """Judge some pairs, and learn how strict to be."""
    return render_template("calibrate.html", scan=scans.progress(context(), scan_id))


@blueprint.get("/verdicts")
def verdicts() -> str:
    """What was decided about pairs."""
    return render_template("verdicts.html")


@blueprint.get("/trash")
def trash() -> str:
    """What was moved to the trash."""
    return render_template("trash.html")


@blueprint.get("/access")
def access() -> str:
    """API tokens."""
    return render_template("access.html")


def _choices() -> dict[str, object]:
    """What the form offers: networks, limits and whether a deep scan needs a download first."""
    ctx = context()
    return {
        "networks": models.NETWORKS,
        "model_files": models.files(ctx),
        "default_model": DEFAULT_MODEL,
        "weights_size": SIZE,
        "weights_at_hand": weights.here(ctx),
        "threshold": DEFAULT_THRESHOLD,
        "max_distance": DEFAULT_MAX_DISTANCE,
        "hash_bits": HASH_BITS,
    }
