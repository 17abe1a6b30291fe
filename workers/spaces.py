"""The spaces of the feature store, by what they hold.

pixels-<policy>   width, height, format, frames, phash of a content; rows: 64x64 greyscale
facts-<version>   what the file of a content says of its picture: date, camera, quality, how much
full-<version>    digest of all pixels of a content, for those that had to be decoded in full
local-<version>-<policy>  hashes of the eight turned versions of a content; rows: local features (workers.vision.local)
damaged-<version> format of a content of which only a part could be decoded: its rows elsewhere are of that part
deep-…            unit vectors of one network (name, weights, layer, preprocessing, precision, batch)
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from shared.context import Context
from shared.store.scans import Scan
from workers.features import Space
from workers.vision.resize import NetworkInput, resize_policy

FACTS = "facts-1"
FULL = "full-1"
DAMAGED = "damaged-1"
LOCAL = "l1"


@cache
def _space(root: Path, name: str) -> Space:
    return Space(root, name)


def pixels_name(network_input: NetworkInput | None) -> str:
    """The name of the space of pixels; networks that need larger pictures are served from another reduction."""
    return f"pixels-{resize_policy(network_input)}"


def pixels_of(scan: Scan) -> str:
    """The name of the space of pixels of a scan."""
    return scan.pixels or pixels_name(None)


def named(ctx: Context, name: str) -> Space:
    """A space by its name."""
    return _space(ctx.layout.features, name)


def pixels(ctx: Context, scan: Scan) -> Space:
    """What is needed of every image, whatever the preset."""
    return _space(ctx.layout.features, pixels_of(scan))


def local(ctx: Context, scan: Scan) -> Space | None:
    """Local features, None for a scan that needs none."""
    policy = (scan.pixels or pixels_name(None)).removeprefix("pixels-")
    return _space(ctx.layout.features, f"local-{LOCAL}-{policy}") if scan.request.proves else None


def needed(ctx: Context, scan: Scan) -> list[Space]:
    """Every space that must hold an image before it can be compared."""
    found = (pixels(ctx, scan), facts(ctx), local(ctx, scan), deep(ctx, scan))
    return [space for space in found if space is not None]


def facts(ctx: Context) -> Space:
    """What files say of their pictures. One that was read before this space was there is read once more."""
    return _space(ctx.layout.features, FACTS)


def full(ctx: Context) -> Space:
    """Digests of full pixels."""
    return _space(ctx.layout.features, FULL)


def damaged(ctx: Context) -> Space:
    """Contents of which only a part could be decoded; of use to scans that prove, and to no others."""
    return _space(ctx.layout.features, DAMAGED)


def deep(ctx: Context, scan: Scan) -> Space | None:
    """Deep features of the network of a scan, None for a scan that needs none."""
    return None if scan.deep is None else _space(ctx.layout.features, scan.deep)
