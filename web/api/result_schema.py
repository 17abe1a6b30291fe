"""JSON Schema of a scan's result (``groups`` and ``pairs`` of a scan, ``query`` and ``matches`` of a search), and of
its groups as they are exported.

Written by hand because what is large is sent as it is, without a pass through a model; a test holds real
results against it.
"""

from __future__ import annotations

from typing import Any

from shared.domain.model import Kind, Tier
from shared.domain.scan import Preset


def _signals() -> dict[str, Any]:
    fraction = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "similarity": fraction,
        "cosine": {"anyOf": [{"type": "number", "minimum": -1, "maximum": 1}, {"type": "null"}]},
        "distance": {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 64}, {"type": "null"}]},
        "ssim": {"anyOf": [{"type": "number", "minimum": -1, "maximum": 1}, {"type": "null"}]},
        "kind": {"enum": [kind.value for kind in Kind]},
        "tier": {"enum": [tier.value for tier in Tier]},
        "confidence": {"anyOf": [fraction, {"type": "null"}]},
        "alignment": {"anyOf": [_alignment(), {"type": "null"}]},
    }


def _alignment() -> dict[str, Any]:
    fraction, number = {"type": "number", "minimum": 0, "maximum": 1}, {"type": "number"}
    return {
        "type": "object",
        "required": ["inliers", "shown", "shows", "finer", "mirrored", "matrix"],
        "properties": {
            "inliers": {"type": "integer", "minimum": 0},
            "shown": fraction,
            "shows": fraction,
            "finer": {"type": "number", "minimum": 0},
            "mirrored": {"type": "boolean"},
            "matrix": {"type": "array", "items": number, "minItems": 6, "maxItems": 6},
        },
        "additionalProperties": False,
    }


def _placed(*names: str, **others: Any) -> dict[str, Any]:
    """An object with paths, each with its ``_b64`` where it is not UTF-8, and ``others``."""
    text = {"type": "string"}
    paths = dict.fromkeys(names, text) | {f"{name}_b64": text for name in names}
    return {
        "type": "object",
        "required": [*names, *others],
        "properties": paths | others,
        "additionalProperties": False,
    }


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["version", "preset", "model", "threshold", "max_distance", "images", "unreadable", "omitted"],
    "properties": {
        "version": {"const": 1},
        "preset": {"enum": [preset.value for preset in Preset]},
        "model": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "threshold": {"type": "number", "minimum": 0, "maximum": 1},
        "max_distance": {"type": "integer", "minimum": 0, "maximum": 64},
        "images": {"type": "integer", "minimum": 0},
        "unreadable": _listed(_placed("path", reason={"type": "string"})),
        "omitted": _listed(_placed("path", count={"type": "integer", "minimum": 1})),
        "groups": _listed(
            _placed("keeper", similarity=_signals()["similarity"], members=_listed(_placed("path", **_signals())))
        ),
        "pairs": _listed(_placed("a", "b", **_signals())),
        "query": {"type": "string"},
        "as_of": {"type": ["number", "null"]},
        "matches": _listed(_placed("path", **_signals())),
    },
    "additionalProperties": False,
}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_WHOLE = {"type": "integer", "minimum": 0}
_PICTURE: dict[str, Any] = {
    "keeper": {"type": "boolean"},
    "path": {"type": "string"},
    "size": _WHOLE,
    "width": _WHOLE,
    "height": _WHOLE,
    "format": {"type": "string"},
    "modified": {"type": "string", "format": "date-time"},
    "sha256": {"type": "string"},
    "similarity": _or_null({"type": "number", "minimum": 0, "maximum": 1}),
    "kind": _or_null({"enum": [kind.value for kind in Kind]}),
    "tier": _or_null({"enum": [tier.value for tier in Tier]}),
    **{name: schema for name, schema in _signals().items() if name in ("confidence", "cosine", "distance", "ssim")},
}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}


_GROUP = {
    "id": _WHOLE,
    "kind": {"enum": [kind.value for kind in Kind]},
    "similarity": {"type": "number", "minimum": 0, "maximum": 1},
    "freed": _WHOLE,
    "pictures": _listed(_closed(_PICTURE)),
}
GROUPS: dict[str, Any] = _closed(
    {"version": {"const": 1}, "scan": {"type": "string"}, "groups": _listed(_closed(_GROUP))}
)
