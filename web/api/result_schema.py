"""JSON Schema of a scan's result: ``groups`` and ``pairs`` of a scan, ``query`` and ``matches`` of a search.

Written by hand because a large result is sent as it is, without a pass through a model; a test holds real
results against it.
"""

from __future__ import annotations

from typing import Any

from shared.domain.model import Kind
from shared.domain.scan import Preset


def _signals() -> dict[str, Any]:
    fraction = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "similarity": fraction,
        "cosine": {"anyOf": [{"type": "number", "minimum": -1, "maximum": 1}, {"type": "null"}]},
        "distance": {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 64}, {"type": "null"}]},
        "ssim": {"anyOf": [{"type": "number", "minimum": -1, "maximum": 1}, {"type": "null"}]},
        "kind": {"enum": [kind.value for kind in Kind]},
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
        "groups": _listed(_placed("keeper", members=_listed(_placed("path", **_signals())))),
        "pairs": _listed(_placed("a", "b", **_signals())),
        "query": {"type": "string"},
        "matches": _listed(_placed("path", **_signals())),
    },
    "additionalProperties": False,
}
