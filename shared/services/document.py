"""The JSON result of a scan, version 1, as docs/api.md documents it: for programs, with absolute paths."""

from __future__ import annotations

import base64
import os
from collections.abc import Container
from dataclasses import asdict
from functools import cache
from typing import Any

from shared.context import Context
from shared.domain.model import Alignment, Group, Image, Signals
from shared.domain.review import digest_pair
from shared.domain.scan import ScanRequest
from shared.store import libraries
from shared.store.results import ResultReader

VERSION = 1


def document(
    ctx: Context,
    wanted: ScanRequest,
    reader: ResultReader,
    decided: Container[tuple[str, str]],
    model: str | None = None,
    as_of: float | None = None,
) -> dict[str, Any]:
    """The whole result of a scan (``groups`` and ``pairs``) or of a search (``query`` and ``matches``).

    ``reader`` leaves out what is settled; ``decided`` are the pairs of digests that have a verdict; ``model`` is the
    network that was in use, None where none was; ``as_of`` is when the scan began that a search goes by (seconds).
    """
    writer = _Writer(ctx)
    images = reader.images()
    head: dict[str, Any] = {
        "version": VERSION,
        "preset": wanted.preset,
        "model": model,
        "threshold": reader.shown() or wanted.threshold,
        "max_distance": wanted.max_distance,
        "images": reader.total(),
        "unreadable": [writer.place("path", u.library, u.path) | {"reason": u.reason} for u in reader.unreadable()],
        "omitted": [writer.image("path", images[i]) | {"count": count} for i, count in reader.omitted()],
    }
    if wanted.upload is not None:
        matches = [writer.image("path", m.image) | signals(m.signals) for m in reader.matches()]
        return head | {"query": wanted.upload_name, "as_of": as_of, "matches": matches}
    pairs = (
        writer.image("a", images[p.a]) | writer.image("b", images[p.b]) | signals(p.signals)
        for p in reader.pairs()
        if digest_pair(images[p.a].digest, images[p.b].digest) not in decided
    )
    hidden = reader.hidden()
    groups = (writer.group(group) for group in reader.groups() if group.id not in hidden)
    return head | {"groups": list(groups), "pairs": list(pairs)}


def signals(found: Signals | None) -> dict[str, Any]:
    """The fields of a match; one that was not computed is null."""
    if found is None:
        return {}
    return {
        "similarity": found.similarity,
        "cosine": found.cosine,
        "distance": found.distance,
        "ssim": found.ssim,
        "kind": found.kind,
        "tier": found.tier,
        "confidence": found.confidence,
        "alignment": _alignment(found.alignment),
    }


def _alignment(lies: Alignment | None) -> dict[str, Any] | None:
    return None if lies is None else asdict(lies) | {"matrix": list(lies.matrix)}


class _Writer:
    """Writes places of files; asks for each library once."""

    def __init__(self, ctx: Context) -> None:
        self._root = cache(lambda library: libraries.get(ctx.redis, library).root)

    def place(self, name: str, library: str, path: bytes) -> dict[str, str]:
        """``{name: absolute path}``, and ``<name>_b64`` beside one that is not UTF-8."""
        absolute = os.path.join(self._root(library), path)
        try:
            return {name: absolute.decode("utf-8")}
        except UnicodeDecodeError:
            shown = absolute.decode("utf-8", "replace")
            return {name: shown, f"{name}_b64": base64.b64encode(absolute).decode()}

    def image(self, name: str, image: Image) -> dict[str, str]:
        return self.place(name, image.library, image.path)

    def group(self, group: Group) -> dict[str, Any]:
        members = [self.image("path", m.image) | signals(m.signals) for m in group.members if m.signals is not None]
        return self.image("keeper", group.keeper) | {"similarity": group.similarity, "members": members}
