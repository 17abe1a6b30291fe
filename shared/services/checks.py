"""Is this picture there already? Asked before it is added to a collection, and answered from what scans have read.

Invariant: nothing is changed: an upload is removed when the question is answered, and no scan is made.
"""

from __future__ import annotations

import base64
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from shared.context import Context
from shared.domain.errors import InvalidRequest, Unavailable, UnreadableImage
from shared.domain.model import Kind
from shared.domain.scan import DEFAULT_MAX_DISTANCE
from shared.names import CHECK_IMAGE, THUMBNAILS_QUEUE
from shared.services import scans
from shared.services.standstill import UNSERVED_S
from shared.store import checks, presence

ANSWER_S = 30.0
"""An upload may take its decoder some seconds; hashes are answered in milliseconds."""
_LOOK_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class Place:
    """A file that is there now. ``distance`` is in bits of 64, None where only its bytes were compared.

    ``similarity`` and ``ssim`` are fractions, None where hashes alone were sent, unless the bytes are equal.
    """

    library: str
    path: bytes
    size: int
    digest: str
    kind: Kind
    distance: int | None
    similarity: float | None
    ssim: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """``digest`` and ``phash`` (both hexadecimal) of what was asked for, None where not known; ``places`` best first.

    ``more`` counts places beyond those that are told.
    """

    digest: str | None
    phash: str | None
    places: tuple[Place, ...]
    more: int


def check_image(ctx: Context, stream: BinaryIO, max_distance: int = DEFAULT_MAX_DISTANCE) -> Answer:
    """Where an image is already, as it is or nearly so.

    Raises InvalidRequest (empty, or too large), UnreadableImage, Unavailable (code ``no_worker``).
    """
    upload = scans.save_upload(ctx, stream)
    try:
        return _ask(ctx, {"upload": upload, "max_distance": max_distance})
    finally:
        ctx.layout.upload(upload).unlink(missing_ok=True)


def check_hashes(
    ctx: Context, digest: str | None, phash: str | None, max_distance: int = DEFAULT_MAX_DISTANCE
) -> Answer:
    """The same by a SHA-256 of the bytes, a perceptual hash (imagehash.phash), or both; all hexadecimal.

    Raises InvalidRequest (neither), Unavailable (code ``no_worker``).
    """
    if digest is None and phash is None:
        raise InvalidRequest("Send an image, or its sha256, or its phash.", code="nothing_to_check")
    return _ask(ctx, {"digest": digest, "phash": phash, "max_distance": max_distance})


def _ask(ctx: Context, question: dict[str, Any]) -> Answer:
    _check_served(ctx)
    check_id = uuid.uuid4().hex
    checks.ask(ctx.redis, check_id, question)
    try:
        ctx.send(CHECK_IMAGE, check_id)
        return _answer(_await(ctx, check_id))
    finally:
        with suppress(Exception):  # it expires by itself
            checks.forget(ctx.redis, check_id)


def _check_served(ctx: Context) -> None:
    served = presence.last_served(ctx.redis, THUMBNAILS_QUEUE)
    if served is None or time.time() - served > max(UNSERVED_S, ctx.settings.lease_s):
        raise _no_worker("No compare worker is running")


def _await(ctx: Context, check_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline:
        found = checks.answer(ctx.redis, check_id)
        if found is not None:
            return found
        time.sleep(_LOOK_AGAIN_S)
    raise _no_worker(f"The compare workers did not answer within {ANSWER_S:.0f} seconds")


def _no_worker(what: str) -> Unavailable:
    return Unavailable(f"{what}, and only they can look this up. Start one, or try again later.", code="no_worker")


def _answer(found: dict[str, Any]) -> Answer:
    if "unreadable" in found:
        raise UnreadableImage(f"The image cannot be used: {found['unreadable']}", code="upload_unreadable")
    places = (
        place | {"path": base64.b64decode(place["path"]), "kind": Kind(place["kind"])} for place in found["places"]
    )
    return Answer(found["digest"], found["phash"], tuple(Place(**place) for place in places), found["more"])
