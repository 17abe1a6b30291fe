"""A unit that ends late, after another worker has done it: what it writes changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.context import Context
from shared.domain.model import Library
from shared.domain.scan import PHASES, Folder, Phase, Preset, ScanRequest, State
from shared.services import libraries, scans
from shared.settings import Settings
from shared.store import scans as store
from shared.store.scans import Scan
from tests import pictures
from tests.unit.workers.run import STAGES, go_on
from workers import engine, units


@pytest.fixture(autouse=True)
def _decoders() -> Iterator[None]:
    yield
    engine.close()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, chunk_size=1)


@pytest.fixture
def library(ctx: Context, tmp_path: Path) -> Library:
    pictures.library(tmp_path / "library", count=5)
    return libraries.add(ctx, tmp_path / "library")


def create(ctx: Context, library: Library, scan_id: str) -> Scan:
    store.create(ctx.redis, scan_id, ScanRequest((Folder(library.id),), preset=Preset.NEAR), time.time())
    return store.get(ctx.redis, scan_id)


@pytest.mark.parametrize("phase", [Phase.PLAN, Phase.INDEX, Phase.SHORTLIST])
def test_a_late_unit_does_not_change_the_scan(ctx: Context, library: Library, tmp_path: Path, phase: Phase) -> None:
    scan = create(ctx, library, "disturbed")
    following = PHASES[PHASES.index(phase) + 1]
    go_on(ctx, scan.id, until=following)
    units.run(ctx, scan.id, following, 0, STAGES[following])
    for name in ("trip/000.jpg", "trip/001.jpg"):  # the late one sees another library, and a fuller store
        (tmp_path / "library" / name).rename(tmp_path / "library" / f"{name}.moved")
    late = STAGES[phase](ctx, store.get(ctx.redis, scan.id), 0)
    for name in ("trip/000.jpg", "trip/001.jpg"):
        (tmp_path / "library" / f"{name}.moved").rename(tmp_path / "library" / name)
    assert not store.complete(ctx.redis, scan.id, phase, 0, late, time.time()).counted
    go_on(ctx, scan.id)
    assert scans.progress(ctx, scan.id).state is State.DONE
    create(ctx, library, "undisturbed")
    go_on(ctx, "undisturbed")
    assert scans.result(ctx, scan.id) == scans.result(ctx, "undisturbed")
