"""Deletion through real files workers: killed in the middle, two at once on opposite batches, undone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.context import Context
from shared.domain.model import Library
from shared.services import libraries, trash
from shared.store import journal
from tests import deletions
from tests.deletions import scanned, seen
from tests.integration.conftest import StartWorker, Worker

PAIRS = 40
CAN = f".Trash-{os.getuid()}"


@pytest.fixture
def library(ctx: Context, tmp_path: Path) -> Library:
    """Pairs of equal files large enough for a batch to last a moment."""
    data = {n: os.urandom(2_000_000) for n in range(PAIRS)}
    files = {f"{side}/{n:02}.jpg": data[n] for n in data for side in ("left", "right")}
    return deletions.library(ctx, tmp_path / "photos", files)


@pytest.fixture
def scan(ctx: Context, library: Library) -> str:
    pairs = ([seen(library, f"{side}/{n:02}.jpg".encode()) for side in ("left", "right")] for n in range(PAIRS))
    return scanned(ctx, pairs)


def delete(ctx: Context, library: Library, scan: str, side: str) -> str:
    images = [seen(library, f"{side}/{n:02}.jpg".encode()).id for n in range(PAIRS)]
    return trash.delete(ctx, scan, images)


def await_done(ctx: Context, batch_id: str, timeout_s: float = 60) -> trash.Batch:
    await_that(lambda: trash.batch(ctx, batch_id).state == "done", timeout_s)
    return trash.batch(ctx, batch_id)


def await_that(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def names(tmp_path: Path, side: str) -> set[str]:
    return {file.name for file in (tmp_path / "photos" / side).glob("*")}


def test_a_worker_deletes_and_undoes(
    ctx: Context, library: Library, scan: str, start_worker: StartWorker, tmp_path: Path
) -> None:
    start_worker("files")
    batch = await_done(ctx, delete(ctx, library, scan, "right"))
    assert {outcome.state for outcome in batch.outcomes} == {"done"}
    assert (len(names(tmp_path, "left")), names(tmp_path, "right")) == (PAIRS, set())
    assert len(trash.listed(ctx)) == PAIRS
    assert libraries.writable(ctx, library.id) is None
    undone = await_done(ctx, trash.restore(ctx, batch.id))
    assert {outcome.state for outcome in undone.outcomes} == {"done"}
    assert names(tmp_path, "right") == names(tmp_path, "left")
    assert trash.listed(ctx) == []


def test_a_batch_whose_worker_is_killed_is_finished_by_the_next_one(
    ctx: Context, library: Library, scan: str, start_worker: StartWorker, tmp_path: Path
) -> None:
    killed = start_worker("files", name="killed")
    batch_id = delete(ctx, library, scan, "right")
    await_that(lambda: 3 < len(names(tmp_path, "right")) < PAIRS - 3)
    os.killpg(killed.process.pid, signal.SIGKILL)
    killed.process.wait()
    left = len(names(tmp_path, "right"))
    assert 0 < left < PAIRS
    start_worker("files", name="next")
    batch = await_done(ctx, batch_id)
    assert {outcome.state for outcome in batch.outcomes} == {"done"}
    assert names(tmp_path, "right") == set()
    assert len(names(tmp_path, "left")) == len(list((tmp_path / "photos" / CAN / "files").iterdir())) == PAIRS
    assert len(trash.listed(ctx)) == PAIRS


@pytest.fixture
def two_workers(start_worker: StartWorker) -> list[Worker]:
    workers = [start_worker("files", name=name) for name in ("first", "second")]
    for worker in workers:
        worker.await_log("ready")
    return workers


@pytest.mark.usefixtures("two_workers")
def test_opposite_batches_at_once_leave_one_copy_of_every_picture(
    ctx: Context, library: Library, scan: str, tmp_path: Path
) -> None:
    with journal.locked(ctx.layout):  # nobody moves anything before both have begun
        batches = [delete(ctx, library, scan, side) for side in ("left", "right")]
        await_that(lambda: {trash.batch(ctx, batch_id).state for batch_id in batches} == {"running"})
    outcomes = [await_done(ctx, batch_id).outcomes for batch_id in batches]
    assert names(tmp_path, "left") | names(tmp_path, "right") == {f"{n:02}.jpg" for n in range(PAIRS)}
    assert names(tmp_path, "left") & names(tmp_path, "right") == set()
    for left, right in zip(*outcomes, strict=True):
        assert sorted([left.state, right.state]) == ["done", "refused"]
        assert {left.code, right.code} == {None, "survivor_missing"}
