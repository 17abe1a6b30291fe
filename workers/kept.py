"""Scores that are kept from scan to scan: what was found in a pair of blocks, by all that it depends on.

A file a pair of blocks, in a folder for each way to compare: the preset, the floor, what else decides, and the spaces
of the features. A scan that has both blocks and compares in that way reads it instead. Invariant: files are written
whole; whoever computes a pair again writes the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from shared.context import Context
from shared.domain.scan import Preset
from shared.store.scans import Scan
from shared.whole import written_whole
from workers import spaces
from workers.scores import Scores

_VERSION = 1
"""Of what compare computes, where no name of a space tells."""


def rule(ctx: Context, scan: Scan) -> str:
    """A name for the way in which a scan compares."""
    wanted = scan.request
    deep = scan.deep is not None
    decides = {
        "version": _VERSION,
        "preset": wanted.preset,
        "floor": scan.floor if deep else None,
        "distance": None if wanted.preset is Preset.EXACT else wanted.max_distance,
        "most": ctx.settings.matches_per_image,
        "pixels": spaces.pixels_of(scan),
        "deep": scan.deep,
    }
    text = json.dumps(decides, sort_keys=True).encode()
    return hashlib.blake2b(text, digest_size=10, person=b"lookalike-rul-v1").hexdigest()


def path(ctx: Context, scan: Scan, one: str, other: str) -> Path:
    """Where the scores of two blocks lie."""
    return ctx.layout.comparison / "scores" / rule(ctx, scan) / one[:2] / f"{one}-{other}"


def write(target: Path, found: Scores) -> None:
    """Keep scores. Raises OSError."""
    with written_whole(target) as draft:
        draft.write_bytes(found.pack())


def read(target: Path) -> Scores | None:
    """Kept scores, None where there are none, or they are torn."""
    try:
        return Scores.unpack(target.read_bytes())
    except (OSError, ValueError):
        return None


def touch(target: Path) -> bool:
    """Note that kept scores are of use still; False where there are none."""
    with suppress(FileNotFoundError):
        os.utime(target)
        return True
    return False
