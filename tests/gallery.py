"""A library with a finished scan and a finished search, written as workers write them, for tests of the pages."""

from __future__ import annotations

import hashlib
import io
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image as Pillow

from shared.context import Context
from shared.domain.model import (
    Alignment,
    Facts,
    Image,
    Kind,
    Library,
    Pair,
    Signals,
    Tier,
    Unreadable,
    image_id,
    library_id,
)
from shared.domain.scan import Folder, Phase, Preset, ScanKind, ScanRequest, State
from shared.domain.similarity import single
from shared.layout import THUMBNAIL_SIZES
from shared.store import keys, libraries, results
from shared.store import scans as store
from shared.store.scans import Found
from tests.pictures import photo

SCAN = "5ca9000000000001"
ALIGNED = "5ca9000000000002"
LOOSE = "5ca9000000000003"
SEARCH = "5ea4c40000000001"
RUNNING = "4a11000000000001"
ODD_NAME = b"odd-\xff.jpg"

EXACT = Signals(1.0, Kind.EXACT, None, 0, 1.0)
WHOLE = Alignment(120, shown=1.0, shows=1.0, finer=0.5, mirrored=False, matrix=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
SAME_PIXELS = Signals(1.0, Kind.SAME_PIXELS, None, 0, 1.0)
CAMERA, SAVED = Facts("2024-05-01T12:34:56", "NIKON D90", 92, 38), Facts(quality=80)  # from a camera, saved anew


@dataclass(frozen=True)
class Gallery:
    """What was made; images by file name."""

    library: Library
    images: dict[str, Image]

    def id(self, name: str) -> str:
        return self.images[name].id


def make(ctx: Context, root: Path, groups: int = 3) -> Gallery:
    """``groups`` groups of three (original, exact copy, small copy), one file that is not UTF-8, one unreadable."""
    root.mkdir()
    where = str(root.resolve()).encode()
    library = Library(library_id(where), where, root.name)
    libraries.put(ctx.redis, library)
    images = {}
    made = sorted((_pictures(n) for n in range(groups)), key=lambda pair: -sum(map(len, pair)))  # most freed first
    for n, (original, small) in enumerate(made):
        copy_name = ODD_NAME if n == 0 else f"copies/copy {n}.jpg".encode()
        for name, data in (
            (f"trip/{n:03}.jpg".encode(), original),
            (copy_name, original),
            (f"small/{n:03}.jpg".encode(), small),
        ):
            images[name.decode("utf-8", "backslashreplace")] = _place(ctx, library, name, data)
    (root / "torn.jpg").write_bytes(original[:2000])
    gallery = Gallery(library, images)
    write(ctx, SCAN, ScanRequest((Folder(library.id),), preset=Preset.NEAR), scan_result(gallery, groups))
    search = ScanRequest(
        (Folder(library.id, b"trip"),), Preset.NEAR, kind=ScanKind.FIND, upload="0" * 32, upload_name="mine.jpg"
    )
    write(ctx, SEARCH, search, _search_result(gallery))
    return gallery


@cache
def _pictures(seed: int) -> tuple[bytes, bytes]:
    """A photograph and a smaller copy of it, as JPEG."""
    picture = photo(seed, (640, 480))
    return _encoded(picture, "JPEG", quality=92), _encoded(picture.resize((320, 240)), "JPEG", quality=80)


@cache
def _thumbnail(data: bytes, size: int) -> bytes:
    with Pillow.open(io.BytesIO(data)) as picture:
        picture.thumbnail((size, size))
        return _encoded(picture, "WEBP")


def _encoded(picture: Pillow.Image, kind: str, **options: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _place(ctx: Context, library: Library, path: bytes, data: bytes) -> Image:
    file = Path((library.root + b"/" + path).decode("utf-8", "surrogateescape"))
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    for size in THUMBNAIL_SIZES:
        thumbnail = ctx.layout.thumbnail(digest, size)
        thumbnail.parent.mkdir(parents=True, exist_ok=True)
        thumbnail.write_bytes(_thumbnail(data, size))
    with Pillow.open(io.BytesIO(data)) as picture:
        width, height = picture.size
    found = file.stat()
    facts = CAMERA if width == 640 else SAVED
    of_file = (image_id(library.id, path), library.id, path, found.st_size, found.st_mtime_ns, digest)
    return Image(*of_file, width, height, "JPEG", facts=facts)


def scan_result(gallery: Gallery, groups: int) -> results.Result:
    """What a scan of it finds: similar pairs reach from 0.97 down, a hundredth a group."""
    rows, pairs = [], []
    images = list(gallery.images.values())
    for n in range(groups):
        original, copy, small = images[3 * n : 3 * n + 3]
        near = Signals(0.97 - n / 100, Kind.RESIZED, None, 2, 0.95, Tier.PROVEN, 0.97 - n / 100, WHOLE)
        rows.append((original.id, [(copy.id, EXACT), (small.id, near)], copy.size + small.size))
        pairs += [Pair(original.id, copy.id, EXACT), Pair(original.id, small.id, near, single(near.similarity))]
    torn = Unreadable(gallery.library.id, b"torn.jpg", "truncated", "The file ends too early: it is incomplete.")
    folders = Counter((image.library, image.path.rpartition(b"/")[0]) for image in images)
    return results.Result(len(images), images, [(images[0].id, 100, 2)], rows, pairs, [], [torn], folders=folders)


def _search_result(gallery: Gallery) -> results.Result:
    original, copy, small = list(gallery.images.values())[:3]
    matches = [(original.id, EXACT), (copy.id, EXACT), (small.id, Signals(0.96, Kind.LOOK_ALIKE, None, 3, 0.94))]
    return results.Result(3, [original, copy, small], [], [], [], matches, [])


def lay(ctx: Context, gallery: Gallery, picture: Pillow.Image, lies: Alignment) -> str:
    """A scan whose only group is 000.jpg and ``picture``, which lies on it so; returns its id."""
    keeper = gallery.images["trip/000.jpg"]
    member = _place(ctx, gallery.library, b"small/laid.jpg", _encoded(picture, "JPEG", quality=90))
    proven = Signals(0.97, Kind.CROPPED, None, None, None, Tier.PROVEN, 0.97, lies)
    pairs = [Pair(keeper.id, member.id, proven, 1.0)]
    groups = [(keeper.id, [(member.id, proven)], member.size)]
    folders = Counter((image.library, image.path.rpartition(b"/")[0]) for image in (keeper, member))
    result = results.Result(2, [keeper, member], [], groups, pairs, [], [], folders=folders)
    write(ctx, ALIGNED, ScanRequest((Folder(gallery.library.id),), preset=Preset.THOROUGH), result)
    return ALIGNED


def loosen(ctx: Context, gallery: Gallery) -> str:
    """A scan whose only group has a keeper that two others match, which are not known to match each other."""
    keeper, other, small = (gallery.images[name] for name in ("trip/000.jpg", "trip/001.jpg", "small/000.jpg"))
    near = Signals(0.97, Kind.RESIZED, None, 2, 0.95)
    pairs = [Pair(keeper.id, member.id, near, near.similarity) for member in (other, small)]
    groups = [(keeper.id, [(other.id, near), (small.id, near)], other.size + small.size)]
    folders = Counter((image.library, image.path.rpartition(b"/")[0]) for image in (keeper, other, small))
    result = results.Result(3, [keeper, other, small], [], groups, pairs, [], [], folders=folders)
    write(ctx, LOOSE, ScanRequest((Folder(gallery.library.id),), preset=Preset.NEAR), result)
    return LOOSE


def write(ctx: Context, scan_id: str, request: ScanRequest, result: results.Result) -> None:
    """A scan that has ended with this result, as workers write it."""
    store.create(ctx.redis, scan_id, request, time.time())
    path = ctx.layout.result(scan_id)
    path.parent.mkdir(parents=True)
    results.write(path, result)
    counts = {
        "images": result.total, "images_done": result.total, "groups": len(result.groups),
        "matches": len(list(result.matches)), "unreadable": len(list(result.unreadable)),
    }  # fmt: skip
    ctx.redis.hset(keys.scan(scan_id), mapping=counts | {"state": State.DONE, "ended": time.time()})


def run_on(ctx: Context, gallery: Gallery) -> str:
    """A scan that is reading its pictures, a third of the way; returns its id."""
    now = time.time()
    request = ScanRequest((Folder(gallery.library.id, b"trip"),), preset=Preset.NEAR)
    store.create(ctx.redis, RUNNING, request, now)
    store.claim(ctx.redis, RUNNING, Phase.PLAN, 0, now, 10.0)
    fields = {f"total:{Phase.EXTRACT}": 3, "images": 24}
    store.complete(ctx.redis, RUNNING, Phase.PLAN, 0, Found(set=fields), now)
    store.claim(ctx.redis, RUNNING, Phase.EXTRACT, 0, now, 10.0)
    store.complete(ctx.redis, RUNNING, Phase.EXTRACT, 0, Found(add={"images_done": 8}), now)
    return RUNNING


def fake_weights(ctx: Context, name: str) -> None:
    """A file where weights lie; only its name matters to the web side."""
    path = ctx.layout.weights / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
