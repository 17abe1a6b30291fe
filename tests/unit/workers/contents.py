"""Libraries of made contents: their features are in the store and their files are known, as if scanned before.

A scan of them begins at its index unit, and opens no file.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from shared.context import Context
from shared.domain.model import Library
from shared.domain.scan import Folder, Phase, Preset, ScanRequest, State
from shared.store import keys, libraries
from shared.store import scans as store
from shared.store.scans import Scan
from tests.unit.workers.run import STAGES
from workers import spaces, tables, units
from workers.stages.extract import DEEP, FACTS, PIXELS

LIBRARY = Library("a" * 32, b"/library", "library")
SPACE = "deep-made"
AFTER_PLAN = [Phase.INDEX, Phase.COMPARE, Phase.SHORTLIST, Phase.VERIFY, Phase.GROUP]


@dataclass(frozen=True)
class Contents:
    """``hashes`` uint64 (n), ``grey`` uint8 (n, 64, 64), ``vectors`` float32 (n, d) of length 1."""

    digests: list[bytes]
    hashes: np.ndarray
    grey: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.digests)


def families(count: int, sizes: int = 3, dimension: int = 32, seed: int = 5) -> Contents:
    """Contents of which about ``sizes`` each are near copies, in hash, picture and vector."""
    noise = np.random.default_rng(seed)
    family = noise.integers(0, max(1, count // sizes), count)
    hashes = noise.integers(0, 2**63, count, dtype=np.uint64)[family]
    flips = (np.uint64(1) << noise.integers(0, 63, (count, 2), dtype=np.uint64)).sum(axis=1)
    base = noise.integers(0, 256, (count, 8, 8))[family].repeat(8, axis=1).repeat(8, axis=2)
    grey = np.clip(base + noise.integers(-9, 9, base.shape), 0, 255).astype(np.uint8)
    centre = noise.standard_normal((count, dimension))[family] + 0.3 * noise.standard_normal((count, dimension))
    digests = [noise.bytes(32) for _ in range(count)]
    return Contents(digests, hashes ^ flips, grey, _unit(centre))


def frames(count: int, dimension: int = 16, seed: int = 6) -> Contents:
    """Near-identical frames of one still scene."""
    noise = np.random.default_rng(seed)
    hashes = np.full(count, 0x5A5A_1234_5678_9ABC, np.uint64) ^ (
        np.uint64(1) << noise.integers(0, 63, count, dtype=np.uint64)
    )
    base = noise.integers(3, 253, (8, 8), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    grey = base + noise.integers(-3, 4, (count, 1, 1)).astype(np.uint8)  # modulo 256: no copy in a larger type
    vectors = _unit(noise.standard_normal(dimension) + 0.01 * noise.standard_normal((count, dimension)))
    return Contents([noise.bytes(32) for _ in range(count)], hashes, grey, vectors)


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def store_features(ctx: Context, made: Contents, sides: tuple[int, int] = (400, 300), wider: int = 1) -> None:
    """Put their features into the store; each is so many pixels ``wider`` than the one before."""
    count = len(made)
    pixels = pa.table(
        {
            "digest": made.digests, "width": [sides[0] + wider * n for n in range(count)], "height": [sides[1]] * count,
            "format": ["JPEG"] * count, "frames": [1] * count, "phash": made.hashes,
        },
        schema=PIXELS,
    )  # fmt: skip
    spaces.pixels(ctx, Scan("", ScanRequest(()))).append(pixels, made.grey)
    facts = {"taken": [None] * count, "camera": [None] * count, "quality": [None] * count, "tags": [0] * count}
    spaces.facts(ctx).append(pa.table({"digest": made.digests} | facts, schema=FACTS), None)
    spaces.named(ctx, SPACE).append(pa.table({"digest": made.digests}, schema=DEEP), made.vectors)


def planned(ctx: Context, scan_id: str, digests: list[bytes], **request: object) -> Scan:
    """A scan whose plan has found a file of each of these contents, all known."""
    libraries.put(ctx.redis, LIBRARY)
    wanted = ScanRequest((Folder(LIBRARY.id),), **request)  # type: ignore[arg-type]
    store.create(ctx.redis, scan_id, wanted, time.time())
    count = len(digests)
    known = pa.table(
        {
            "library": [LIBRARY.id] * count, "path": [d.hex().encode() + b".jpg" for d in digests],
            "size": [1000 + d[0] for d in digests], "mtime_ns": [5] * count, "device": [1] * count,
            "inode": list(range(count)), "digest": digests,
        },
        schema=tables.KNOWN,
    )  # fmt: skip
    tables.write(ctx, scan_id, "plan/known", known)
    tables.write(ctx, scan_id, "plan/files", tables.FILES.empty_table())
    tables.write(ctx, scan_id, "plan/faults", tables.FAULTS.empty_table())
    fields = {"plan": "plan", "state": State.RUNNING, "phase": Phase.INDEX}
    deep = {"deep": SPACE} if wanted.preset is Preset.DEEP else {}
    ctx.redis.hset(keys.scan(scan_id), mapping=fields | deep)
    return store.get(ctx.redis, scan_id)


def run(ctx: Context, scan_id: str, until: Phase | None = None) -> dict[str, str]:
    """Go on from the index unit; the fields of the scan."""
    for phase in AFTER_PLAN:
        if phase is until:
            break
        for unit in range(int(store.fields(ctx.redis, scan_id).get(f"total:{phase}", 0))):
            units.run(ctx, scan_id, phase, unit, STAGES[phase])
    return store.fields(ctx.redis, scan_id)
