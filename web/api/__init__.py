"""The API: JSON under /api for all that the pages do; docs/api.md documents it, /api/openapi.json describes it."""

from __future__ import annotations

from apiflask import APIFlask

from web.api import (
    batches,
    calibration,
    checks,
    keep_rules,
    libraries,
    plans,
    results,
    scans,
    searches,
    tokens,
    trash,
    verdicts,
    weights,
)


def install(app: APIFlask) -> None:
    for topic in (
        libraries, checks, scans, searches, results, calibration, batches, trash, tokens, verdicts, plans, keep_rules,
        weights,
    ):  # fmt: skip
        app.register_blueprint(topic.blueprint)
