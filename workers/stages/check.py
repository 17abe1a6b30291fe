"""Check: whether a picture is there already, from what scans have read of the libraries.

Only files that are there now, as they were when they were read, are told of. Nothing is written but the answer.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shared.context import Context
from shared.domain import similarity
from shared.domain.model import Kind, Library
from shared.store import checks, libraries
from workers import engine, manifest, spaces, upkeep
from workers.features import Space
from workers.vision.reading import Failure, Reading
from workers.vision.ssim import SAME_PICTURE, ssim

MOST_PLACES = 100
_PIXELS = "pixels-"


@dataclass(frozen=True, slots=True)
class _Picture:
    """What is known of the one asked for."""

    digest: bytes | None
    phash: int | None
    grey: npt.NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class _Like:
    """How a stored content is like it; see shared.services.checks.Place."""

    kind: Kind
    distance: int | None
    similarity: float | None
    ssim: float | None

    @property
    def rank(self) -> tuple[bool, float, int]:
        return self.kind is not Kind.EXACT, -(self.similarity or 0.0), self.distance or 0


def check(ctx: Context, check_id: str) -> None:
    """Answer a question, unless nobody waits for it any more."""
    question = checks.question(ctx.redis, check_id)
    if question is None:
        return
    picture = _picture(ctx, question)
    if isinstance(picture, Failure):
        checks.reply(ctx.redis, check_id, {"unreadable": picture.reason})
        return
    checks.reply(ctx.redis, check_id, _answer(ctx, picture, int(question["max_distance"])))


def _picture(ctx: Context, question: dict[str, Any]) -> _Picture | Failure:
    if "upload" not in question:
        digest, phash = question["digest"], question["phash"]
        return _Picture(digest and bytes.fromhex(digest), None if phash is None else int(phash, 16))
    (read,) = engine.decoders(ctx).read(engine.jobs(ctx, [(0, "", question["upload"].encode())]), None, None)
    if isinstance(read, Reading) and read.decoded is not None:
        return _Picture(read.digest, read.decoded.phash, read.decoded.grey)
    return read if isinstance(read, Failure) else Failure(0, "undecoded", "It could not be decoded.")


def _answer(ctx: Context, picture: _Picture, max_distance: int) -> dict[str, Any]:
    likes = _likes(ctx, picture, max_distance)
    found = [_place(*place, likes[place[3]]) for library in libraries.listed(ctx.redis)
             for place in _files(ctx, library, list(likes))]  # fmt: skip
    found.sort(key=lambda place: (likes[bytes.fromhex(place["digest"])].rank, place["library"], place["path"]))
    return {
        "digest": None if picture.digest is None else picture.digest.hex(),
        "phash": None if picture.phash is None else f"{picture.phash:016x}",
        "places": found[:MOST_PLACES],
        "more": max(0, len(found) - MOST_PLACES),
    }


def _likes(ctx: Context, picture: _Picture, max_distance: int) -> dict[bytes, _Like]:
    """Stored contents that are like it, by digest, of whole pictures; the same bytes whether they are stored or not."""
    likes: dict[bytes, _Like] = {}
    if picture.phash is not None:
        for folder in upkeep.spaces(ctx.layout.features):
            if folder.name.startswith(_PIXELS):
                likes |= dict(_near(_space(ctx, folder.name), picture, picture.phash, max_distance))
        damaged = spaces.damaged(ctx)
        damaged.refresh()
        likes = {digest: like for digest, like in likes.items() if damaged.find([digest])[0] < 0}
    if picture.digest is not None:
        likes[picture.digest] = _Like(Kind.EXACT, 0 if picture.phash is not None else None, 1.0, None)
    return likes


@lru_cache(maxsize=8)
def _space(ctx: Context, name: str) -> Space:
    return Space(ctx.layout.features, name)


def _near(space: Space, picture: _Picture, phash: int, most: int) -> Iterator[tuple[bytes, _Like]]:
    space.refresh()
    table = space.take(np.arange(len(space)))
    if len(table) == 0:
        return
    distances = np.bitwise_count(table["phash"].to_numpy().astype(np.uint64) ^ np.uint64(phash))
    places = np.flatnonzero(distances <= most)
    digests = table["digest"].combine_chunks().take(pa.array(places)).to_pylist()
    for place, digest, distance in zip(places, digests, distances[places].tolist(), strict=True):
        seen = None if picture.grey is None else ssim(picture.grey, space.rows(np.array([place]))[0])
        if seen is None or seen >= SAME_PICTURE:
            alike = None if seen is None else similarity.near(distance, seen)
            yield digest, _Like(Kind.LOOK_ALIKE, distance, alike, seen)


def _files(ctx: Context, library: Library, digests: list[bytes]) -> Iterator[tuple[str, bytes, int, bytes]]:
    """Files of a library with one of these contents that are there as they were read: library, path, size, digest."""
    known = _manifest(ctx, library.id, _written(ctx, library.id))
    wanted = pa.array(digests, manifest.SCHEMA.field("digest").type)
    for row in known.filter(pc.is_in(known["digest"], value_set=wanted)).to_pylist():
        if manifest.unchanged(library.root, row):
            yield library.id, row["path"], row["size"], row["digest"]


def _written(ctx: Context, library_id: str) -> int:
    try:
        return ctx.layout.manifest(library_id).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@lru_cache(maxsize=16)
def _manifest(ctx: Context, library_id: str, written: int) -> pa.Table:
    """Read anew when it was written anew."""
    return manifest.read(ctx, library_id)


def _place(library: str, path: bytes, size: int, digest: bytes, like: _Like) -> dict[str, Any]:
    return {
        "library": library,
        "path": base64.b64encode(path).decode(),
        "size": size,
        "digest": digest.hex(),
        "kind": like.kind,
        "distance": like.distance,
        "similarity": like.similarity,
        "ssim": like.ssim,
    }
