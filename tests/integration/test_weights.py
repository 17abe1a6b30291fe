"""Weights are downloaded by a worker that tells how far it is, and how it ends: well, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from shared.context import Context
from shared.domain.scan import Folder, Preset, ScanRequest, State
from shared.domain.weights import Weights, WeightsState
from shared.services import libraries, scans, weights
from shared.store import weights as store
from tests import pictures
from tests.integration.conftest import StartWorker, await_end
from tests.sources import OFFLINE, PIECE, PIECES, Source


def awaited(ctx: Context, wanted: Callable[[Weights], bool], timeout_s: float = 60) -> Weights:
    deadline = time.monotonic() + timeout_s
    while not wanted(found := weights.look(ctx)):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_a_download_tells_how_far_it_is_and_is_here_only_when_whole(
    ctx: Context, start_worker: StartWorker, tmp_path: Path
) -> None:
    with Source(tmp_path / "source").serving() as source:
        start_worker("extract", **source.environment)
        assert weights.answer(ctx, download=True).state is WeightsState.WAITING
        awaited(ctx, lambda w: w.state is WeightsState.LOADING)
        source.allow()
        awaited(ctx, lambda w: 0 < w.loaded < 2 * len(PIECE))
        assert not weights.here(ctx)
        source.allow(PIECES)
        assert awaited(ctx, lambda w: w.state is not WeightsState.LOADING) == Weights(WeightsState.HERE, asked=True)
    assert store.get(ctx.redis, time.time()) == Weights(WeightsState.MISSING)  # of the download nothing is left


def test_without_a_network_the_download_says_so_and_a_scan_goes_on_without(ctx: Context, tmp_path: Path, stack) -> None:
    pictures.library(tmp_path / "library", count=6)
    library = libraries.add(ctx, tmp_path / "library")
    stack(**OFFLINE)
    weights.answer(ctx, download=True)
    scan_id = scans.request(ctx, ScanRequest((Folder(library.id),), preset=Preset.THOROUGH))
    progress = await_end(ctx, scan_id, timeout_s=120)
    assert progress.state is State.DONE, progress.error_message
    assert progress.model is None
    assert "does without" in str(progress.without)
    found = awaited(ctx, lambda w: w.state is WeightsState.FAILED)
    assert "could not be downloaded" in str(found.reason)
    assert not weights.here(ctx)


def test_a_download_cut_off_in_the_middle_has_failed(ctx: Context, start_worker: StartWorker, tmp_path: Path) -> None:
    with Source(tmp_path / "source").serving() as source:
        start_worker("extract", **source.environment)
        weights.answer(ctx, download=True)
        source.allow()
        awaited(ctx, lambda w: w.loaded > 0)
        source.break_off()
        found = awaited(ctx, lambda w: w.state is WeightsState.FAILED)
    assert "could not be downloaded" in str(found.reason)
    assert not weights.here(ctx)
