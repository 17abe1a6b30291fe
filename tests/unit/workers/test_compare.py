"""Comparison of blocks on a real feature store: the same scores as a comparison of every pair one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from shared.context import Context
from shared.domain.chunking import pair_count
from shared.domain.scan import Folder, Preset, ScanRequest
from shared.store.scans import Scan
from workers import cover, scores, spaces, tables
from workers.pairs.projection import Projection
from workers.stages import blocks, index, projections
from workers.stages.comparison import Comparison
from workers.stages.extract import DEEP, PIXELS
from workers.vision.ssim import SAME_PICTURE, ssim

COUNT, BLOCK, DIMENSION = 90, 32, 64
THRESHOLD = 0.9


@pytest.fixture
def scan(ctx: Context) -> Scan:
    """Contents with families of near copies, in hash, picture and vector."""
    noise = np.random.default_rng(5)
    family = noise.integers(0, 30, COUNT)
    hashes = noise.integers(0, 2**63, 30, dtype=np.uint64)[family]
    flips = (np.uint64(1) << noise.integers(0, 63, (COUNT, 3), dtype=np.uint64)).sum(axis=1)
    base = noise.integers(0, 256, (30, 8, 8)).repeat(8, axis=1).repeat(8, axis=2)[family]
    grey = np.clip(base + noise.integers(-9, 9, base.shape), 0, 255).astype(np.uint8)
    centre = noise.random((30, DIMENSION))[family] + 0.25 * noise.random((COUNT, DIMENSION)) - 0.4
    vectors = (centre / np.linalg.norm(centre, axis=1, keepdims=True)).astype(np.float32)
    digests = sorted(noise.bytes(32) for _ in range(COUNT))
    sides = noise.integers(1, 3, COUNT) * 100
    pixels = pa.table(
        {
            "digest": digests, "width": sides, "height": sides, "format": ["JPEG"] * COUNT, "frames": [1] * COUNT,
            "phash": hashes ^ flips,
        },
        schema=PIXELS,
    )  # fmt: skip
    wanted = ScanRequest(folders=(Folder("0" * 32),), preset=Preset.DEEP, threshold=THRESHOLD)
    made = Scan("s1", wanted, pixels=None, deep="deep-test")
    spaces.pixels(ctx, made).append(pixels, grey)
    deep = spaces.deep(ctx, made)
    assert deep is not None
    deep.append(pa.table({"digest": digests}, schema=DEEP), vectors)
    tables.write(ctx, "s1", "contents", pixels)
    return made


def indexed(ctx: Context, scan: Scan) -> Scan:
    """As the index unit leaves a scan."""
    digests = tables.read(ctx, scan.id, "contents")["digest"].to_pylist()
    parts = cover.cover(ctx.layout.comparison / "blocks", cover.as_array(digests), BLOCK, lambda block: True)
    scan = replace(scan, index="index-1")
    order = np.concatenate([part.contents for part in parts])
    index._write(ctx, scan, "contents", tables.read(ctx, scan.id, "contents").take(order))
    index._write(ctx, scan, "blocks", index._blocks(parts))
    pairs = range(pair_count(len(parts)))
    index._write(ctx, scan, "tasks", pa.table({"pair": pa.array(pairs, pa.int64())}))
    return scan


def all_scores(ctx: Context, scan: Scan) -> list[tuple[int, int, int, float, float, int]]:
    """In rows of the contents as the fixture has them."""
    scan = indexed(ctx, scan)
    digests, ordered = (
        tables.read(ctx, scan.id, name)["digest"].to_pylist() for name in ("contents", "index-1/contents")
    )
    row = [digests.index(digest) for digest in ordered]
    comparison = Comparison(ctx, scan)
    for pair in comparison.tasks:
        comparison.compare(pair)
    found = [match for part in comparison.scores() for match in part.matches.tolist()]
    return sorted((*sorted((row[match[0]], row[match[1]])), *match[2:]) for match in found)


def one_by_one(ctx: Context, scan: Scan) -> dict[tuple[int, int], tuple[int, float, float]]:
    """Every pair that matches: distance, SSIM, cosine."""
    table = tables.read(ctx, scan.id, "contents")
    digests = table["digest"].to_pylist()
    pixels, deep = spaces.pixels(ctx, scan), spaces.deep(ctx, replace(scan, deep="deep-test"))
    assert deep is not None
    grey = pixels.rows(blocks.positions(pixels, digests))
    vectors = deep.rows(blocks.positions(deep, digests)).astype(np.float64)
    hashes = table["phash"].to_pylist()
    found = {}
    for a in range(COUNT):
        for b in range(a + 1, COUNT):
            distance, alike = (hashes[a] ^ hashes[b]).bit_count(), float(vectors[a] @ vectors[b])
            near = distance <= 10 and ssim(grey[a], grey[b]) >= SAME_PICTURE
            if near or (alike >= THRESHOLD and scan.request.preset is Preset.DEEP):
                found[a, b] = distance, ssim(grey[a], grey[b]), alike
    return found


def test_every_pair_that_matches_is_scored_once_and_no_other(ctx: Context, scan: Scan) -> None:
    expected = one_by_one(ctx, scan)
    found = [match for match in all_scores(ctx, scan) if match[5] & scores.MATCHES]
    assert [(a, b) for a, b, *_ in found] == sorted(expected)
    assert len(expected) > 50
    for a, b, cosine, similarity, distance, _ in found:
        assert (distance, similarity, cosine) == pytest.approx(expected[a, b], abs=1e-6)


def test_without_deep_features_hash_and_ssim_decide(ctx: Context, scan: Scan) -> None:
    near = replace(scan, deep=None, request=replace(scan.request, preset=Preset.NEAR))
    found = [match for match in all_scores(ctx, near) if match[5] & scores.MATCHES]
    assert [(a, b) for a, b, *_ in found] == sorted(one_by_one(ctx, near))
    assert all(np.isnan(match[2]) for match in found)


def test_projected_blocks_give_the_same_scores(ctx: Context, scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = all_scores(ctx, scan)
    monkeypatch.setattr(projections, "fit", _always)
    digests = tables.read(ctx, scan.id, "contents")["digest"].to_pylist()
    scan = replace(scan, projection=projections.choose_projection(ctx, scan, digests, THRESHOLD))
    assert scan.projection
    for _ in range(2):  # computed, then read
        blocks._load.cache_clear()
        assert [m[:2] + m[4:] for m in all_scores(ctx, scan)] == [m[:2] + m[4:] for m in plain]
    assert list(ctx.layout.comparison.glob(f"projected/deep-test/{scan.projection}/*.npy"))


def _always(sample: np.ndarray, floor: float, rows: int, kernel: object) -> Projection:
    """A projection also where so few rows do not pay for one."""
    from workers.pairs.spectrum import principal, projection_on

    return projection_on(principal(sample, 16), 8, (16,))
