"""Rules, filters and folders as JSON, wherever they are kept; every ``read_`` is the inverse of its ``write_``."""

from __future__ import annotations

import base64
from typing import Any

from shared.domain.keep_rules import Criterion, Rules, Step
from shared.domain.model import Kind
from shared.domain.review import Between, GroupFilter, Show
from shared.domain.scan import Folder


def write_folder(folder: Folder | None) -> list[str] | None:
    return None if folder is None else [folder.library, base64.b64encode(folder.path).decode()]


def read_folder(fields: list[str]) -> Folder:
    return Folder(fields[0], base64.b64decode(fields[1]))


def read_optional_folder(fields: list[str] | None) -> Folder | None:
    return None if fields is None else read_folder(fields)


def write_rules(rules: Rules) -> dict[str, Any]:
    steps = [{"by": s.by, "folders": [write_folder(f) for f in s.folders], "pattern": s.pattern} for s in rules.steps]
    return {"steps": steps, "protected": [write_folder(folder) for folder in rules.protected]}


def read_rules(fields: dict[str, Any]) -> Rules:
    steps = (
        Step(Criterion(s["by"]), tuple(read_folder(folder) for folder in s["folders"]), s["pattern"])
        for s in fields["steps"]
    )
    return Rules(tuple(steps), tuple(read_folder(folder) for folder in fields["protected"]))


def write_filter(wanted: GroupFilter) -> dict[str, Any]:
    between = (
        None if wanted.between is None else [write_folder(wanted.between.keep), write_folder(wanted.between.clear)]
    )
    return {
        "show": wanted.show,
        "kind": wanted.kind,
        "library": wanted.library,
        "folder": base64.b64encode(wanted.folder).decode(),
        "least": wanted.least,
        "most": wanted.most,
        "format": wanted.format,
        "between": between,
    }


def read_filter(fields: dict[str, Any]) -> GroupFilter:
    between = fields["between"]
    return GroupFilter(
        Show(fields["show"]),
        None if fields["kind"] is None else Kind(fields["kind"]),
        fields["library"],
        base64.b64decode(fields["folder"]),
        fields["least"],
        fields["most"],
        fields["format"],
        None if between is None else Between(read_folder(between[0]), read_folder(between[1])),
    )
