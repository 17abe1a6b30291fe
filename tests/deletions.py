"""Libraries of small files and results of scans over them, for tests of deletion."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from shared.context import Context
from shared.domain.model import Image, Kind, Library, Signals, image_id
from shared.domain.scan import Folder, ScanKind, ScanRequest, State
from shared.services import libraries, trash
from shared.store import keys, results
from shared.store import scans as store
from workers.stages.trash import run_batch

EXACT = Signals(1.0, Kind.EXACT, None, 0, 1.0)
SIMILAR = Signals(0.93, Kind.LOOK_ALIKE, None, 3, 0.9)


def library(ctx: Context, root: Path, files: dict[str, bytes]) -> Library:
    """Register a folder as a library, with these files in it."""
    root.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return libraries.add(ctx, root)


def seen(library: Library, path: bytes) -> Image:
    """An image as a scan finds it now."""
    file = Path(os.fsdecode(os.path.join(library.root, path)))
    data, found = file.read_bytes(), file.stat()
    digest = hashlib.sha256(data).hexdigest()
    return Image(image_id(library.id, path), library.id, path, len(data), found.st_mtime_ns, digest, 4, 3, "JPEG")


def scanned(ctx: Context, groups: Iterable[Sequence[Image]]) -> str:
    """The id of a scan that ended well with these groups, the keeper first in each."""
    groups = [list(group) for group in groups]
    images = [image for group in groups for image in group]
    rows = [(group[0].id, [(i.id, _signals(group[0], i)) for i in group[1:]], 0) for group in groups]
    return _ended(ctx, ScanKind.LIBRARY, results.Result(len(images), images, [], rows, [], [], []))


def searched(ctx: Context, matches: Sequence[Image]) -> str:
    """The id of a search that ended well with these matches."""
    found = [(image.id, SIMILAR) for image in matches]
    return _ended(ctx, ScanKind.FIND, results.Result(len(found), matches, [], [], [], found, []))


def done(ctx: Context, batch_id: str) -> list[str | None]:
    """Carry a batch out, here and now; each item's refusal, None for one that was moved."""
    run_batch(ctx, batch_id)
    batch = trash.batch(ctx, batch_id)
    assert batch.state == "done"
    assert all(outcome.state != "waiting" for outcome in batch.outcomes)
    return [outcome.code for outcome in batch.outcomes]


def _signals(keeper: Image, image: Image) -> Signals:
    return EXACT if keeper.digest == image.digest else SIMILAR


def _ended(ctx: Context, kind: ScanKind, result: results.Result) -> str:
    scan_id = uuid.uuid4().hex
    upload = "0" * 32 if kind is ScanKind.FIND else None
    request = ScanRequest((Folder("0" * 32),), kind=kind, upload=upload)
    store.create(ctx.redis, scan_id, request, time.time())
    ctx.redis.hset(keys.scan(scan_id), "state", State.DONE)
    path = ctx.layout.result(scan_id)
    path.parent.mkdir(parents=True)
    results.write(path, result)
    return scan_id
