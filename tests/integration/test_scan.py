"""Whole scans through real Celery workers: the same result whatever happens on the way."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from shared.context import Context
from shared.domain.errors import Conflict
from shared.domain.model import Library
from shared.domain.scan import Folder, Phase, Preset, ScanKind, ScanRequest, State
from shared.names import PHASE_TASKS
from shared.services import libraries, review, scan_control, scans, trash
from shared.store import scans as store
from tests import pictures
from tests.conftest import SHARED_DATA
from tests.integration.conftest import StartWorker, await_end

SMALL = {"LOOKALIKE_CHUNK_SIZE": "5", "LOOKALIKE_BLOCK_SIZE": "8"}


@pytest.fixture
def library(ctx: Context, tmp_path: Path) -> Library:
    root = tmp_path / "library"
    pictures.library(root)
    return libraries.add(ctx, root)


def near(library: Library, **change: object) -> ScanRequest:
    return ScanRequest(folders=(Folder(library.id),), **({"preset": Preset.NEAR} | change))  # type: ignore[arg-type]


def names(result: dict, library: Library) -> list[set[str]]:
    """The groups as sets of paths inside the library."""
    prefix = library.root.decode() + "/"
    return [
        {group["keeper"].removeprefix(prefix)} | {m["path"].removeprefix(prefix) for m in group["members"]}
        for group in result["groups"]
    ]


EXPECTED = [
    {"001.bmp", "001.png", "trip/001.jpg"},
    {"trip/000.jpg", "copy of 000.jpg"},
    {"trip/002.jpg", "002 again.jpg"},
    {"trip/003.jpg", "odd-�/small.jpg"},
]


def test_a_scan_finds_every_kind_of_copy_and_lists_what_it_cannot_read(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    scan_id = scans.request(ctx, near(library))
    progress = await_end(ctx, scan_id)
    assert progress.state is State.DONE, progress.error_message
    assert progress.fraction == 1.0
    fields = store.fields(ctx.redis, scan_id)
    assert int(fields[f"total:{Phase.EXTRACT}"]) >= 5
    assert int(fields[f"total:{Phase.COMPARE}"]) >= 6
    assert (progress.images_total, progress.images_done, progress.unreadable) == (32, 32, 3)

    result = scans.result(ctx, scan_id)
    found = names(result, library)
    assert len(found) == len(EXPECTED)
    assert all(group in found for group in EXPECTED)
    kinds = {m["path"].rsplit("/", 1)[-1]: m["kind"] for group in result["groups"] for m in group["members"]}
    assert kinds["copy of 000.jpg"] == "exact"
    assert sorted([kinds.get("001.png", "keeper"), kinds.get("001.bmp", "keeper")])[-1] == "same-pixels"
    assert kinds["small.jpg"] == "look-alike"
    reasons = {Path(u["path"]).name: u["reason"] for u in result["unreadable"]}
    assert set(reasons) == {"notes.txt", "torn.jpg", "empty.png"}
    assert all(reasons.values())
    odd = [m for group in result["groups"] for m in group["members"] if "path_b64" in m]
    assert len(odd) == 1


def test_a_second_scan_reuses_the_features_and_says_the_same(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    first = scans.request(ctx, near(library))
    await_end(ctx, first)
    segments = sorted(ctx.layout.features.rglob("*.parquet"))
    second = scans.request(ctx, near(library))
    await_end(ctx, second)
    assert scans.result(ctx, second) == scans.result(ctx, first)
    assert sorted(ctx.layout.features.rglob("*.parquet")) == segments


def test_unchanged_files_are_not_opened_and_changed_ones_are(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    root = Path(os.fsdecode(library.root))
    for path in root.rglob("*.*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    first = scans.request(ctx, near(library))
    await_end(ctx, first)
    (root / "trip" / "010.jpg").rename(root / "trip" / "moved.jpg")
    os.utime(root / "trip" / "011.jpg", (1_600_000_500, 1_600_000_500))
    pictures.photo(500).save(root / "trip" / "012.jpg", quality=92)
    second = scans.request(ctx, near(library))
    assert await_end(ctx, second).state is State.DONE
    (read,) = ctx.layout.scan(second).glob("plan-*/files.parquet")
    opened = {Path(os.fsdecode(path)).name for path in pq.read_table(read)["path"].to_pylist()}
    assert opened == {"moved.jpg", "011.jpg", "012.jpg", "notes.txt", "torn.jpg", "empty.png"}
    found = names(scans.result(ctx, second), library)
    assert all(group in found for group in EXPECTED)
    assert scans.progress(ctx, second).images_done == 32


def test_a_scan_is_paused_over_a_restart_of_its_workers_and_goes_on(ctx: Context, library: Library, stack) -> None:
    workers = stack(**SMALL)
    scan_id = scans.request(ctx, near(library))
    workers["files"].await_log("unit_done", scan_id)
    scan_control.pause(ctx, scan_id)
    for worker in workers.values():
        worker.stop()
    before = scans.progress(ctx, scan_id)
    assert before.state is State.PAUSED
    stack(**SMALL)
    time.sleep(1)
    assert scans.progress(ctx, scan_id).fraction == before.fraction
    scan_control.resume(ctx, scan_id)
    assert await_end(ctx, scan_id).state is State.DONE
    assert len(scans.result(ctx, scan_id)["groups"]) == len(EXPECTED)


def test_new_pictures_are_compared_with_the_reference_which_stays_as_it_is(
    ctx: Context, library: Library, stack
) -> None:
    stack(**SMALL)
    wanted = ScanRequest((Folder(library.id, b"trip"),), reference=(Folder(library.id),), preset=Preset.NEAR)
    scan_id = scans.request(ctx, wanted)
    assert await_end(ctx, scan_id).state is State.DONE
    page = review.groups(ctx, scan_id)
    theirs = [[wanted.is_reference(library.id, m.image.path) for m in group.members] for group in page.groups]
    assert theirs
    assert all(flags == [True] + [False] * (len(flags) - 1) for flags in theirs), "kept by its one reference picture"
    assert {group.members[1].image.path for group in page.groups} == {b"trip/%03d.jpg" % n for n in range(4)}
    with pytest.raises(Conflict) as refused:
        trash.delete(ctx, scan_id, [page.groups[0].keeper.id])
    assert refused.value.code == "reference"


def test_a_killed_extraction_worker_does_not_change_the_result(
    ctx: Context, tmp_path: Path, stack, start_worker: StartWorker
) -> None:
    root = tmp_path / "large"
    pictures.library(root, count=24, size=(2400, 1600))
    large = libraries.add(ctx, root)
    workers = stack(**SMALL)
    undisturbed = scans.request(ctx, near(large))
    await_end(ctx, undisturbed)
    for worker in workers.values():
        worker.stop()
    shutil.rmtree(ctx.layout.features)

    workers = stack(**SMALL)
    other = start_worker("extract", name="extract-2", **SMALL)
    other.await_log("ready")
    begun = time.monotonic()
    scan_id = scans.request(ctx, near(large))
    victim = workers["extract"]
    victim.await_log("unit_begun", scan_id, '"phase": "extract"')
    os.kill(victim.process.pid, signal.SIGKILL)
    mine = [line for line in victim.log.splitlines() if scan_id in line]
    begun_units = sum("unit_begun" in line for line in mine)
    assert begun_units > sum("unit_done" in line for line in mine), "killed between two chunks, not in one"
    progress = await_end(ctx, scan_id)
    assert progress.state is State.DONE
    assert time.monotonic() - begun < 60
    assert scans.result(ctx, scan_id) == scans.result(ctx, undisturbed)


def test_a_task_delivered_many_times_is_counted_once(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    scan_id = scans.request(ctx, near(library))
    for phase in (Phase.PLAN, Phase.EXTRACT, Phase.COMPARE):
        for unit in (0, 0, 1):
            ctx.send(PHASE_TASKS[phase][0], scan_id, unit)
    progress = await_end(ctx, scan_id)
    for phase in (Phase.PLAN, Phase.EXTRACT, Phase.COMPARE):
        ctx.send(PHASE_TASKS[phase][0], scan_id, 0)
    time.sleep(1)
    assert scans.progress(ctx, scan_id) == progress
    assert (progress.images_done, progress.pairs_done) == (progress.images_total, progress.pairs_total)
    found = names(scans.result(ctx, scan_id), library)
    assert all(group in found for group in EXPECTED)


def test_a_cancelled_scan_stops_and_stays_cancelled(ctx: Context, library: Library, stack) -> None:
    scan_id = scans.request(ctx, near(library))
    assert scans.cancel(ctx, scan_id).state is State.CANCELLED
    stack(**SMALL)
    time.sleep(1)
    progress = scans.progress(ctx, scan_id)
    assert (progress.state, progress.images_done) == (State.CANCELLED, 0)


def test_units_that_were_never_delivered_are_sent_again(ctx: Context, library: Library, stack) -> None:
    scan_id = scans.request(ctx, near(library))
    for key in ctx.redis.scan_iter("lookalike:v1:celery:*"):
        ctx.redis.delete(key)  # as if Redis had lost the message
    stack(LOOKALIKE_LEASE_S="2", **SMALL)
    assert await_end(ctx, scan_id).state is State.DONE


def test_a_library_that_disappears_fails_the_scan_with_the_reason(ctx: Context, library: Library, stack) -> None:
    scan_id = scans.request(ctx, near(library))
    Path(library.root.decode()).rename(library.root.decode() + " gone")
    stack(**SMALL)
    progress = await_end(ctx, scan_id)
    assert progress.state is State.FAILED
    assert progress.error_message is not None
    assert "is not there" in progress.error_message


def test_one_image_finds_its_matches_best_first(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    root = Path(library.root.decode())
    with (root / "trip" / "000.jpg").open("rb") as stream:
        upload = scans.save_upload(ctx, stream)
    wanted = near(library, kind=ScanKind.FIND, upload=upload, upload_name="mine.jpg")
    scan_id = scans.request(ctx, wanted)
    assert await_end(ctx, scan_id).state is State.DONE
    matches = review.matches(ctx, scan_id)
    assert {m.image.path for m in matches} == {b"trip/000.jpg", b"copy of 000.jpg"}
    assert all(m.signals is not None and m.signals.kind == "exact" for m in matches)
    assert not ctx.layout.upload(upload).exists()

    with (root / "002 again.jpg").open("rb") as stream:
        wanted = near(library, kind=ScanKind.FIND, upload=scans.save_upload(ctx, stream), upload_name="x.jpg")
    scan_id = scans.request(ctx, wanted)
    await_end(ctx, scan_id)
    found = scans.result(ctx, scan_id)["matches"]
    assert [Path(m["path"]).name for m in found] == ["002 again.jpg", "002.jpg"]
    assert found[0]["similarity"] == 1.0 > found[1]["similarity"] > 0.8


def test_an_upload_that_is_no_image_fails_the_search_with_the_reason(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    with Path(__file__).open("rb") as stream:
        wanted = near(library, kind=ScanKind.FIND, upload=scans.save_upload(ctx, stream), upload_name="x.py")
    progress = await_end(ctx, scans.request(ctx, wanted))
    assert (progress.state, progress.error_code) == (State.FAILED, "upload_unreadable")


def test_thumbnails_are_made_on_demand_and_only_of_unchanged_files(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    scan_id = scans.request(ctx, near(library))
    await_end(ctx, scan_id)
    groups = review.groups(ctx, scan_id).groups
    one, other = groups[0].keeper, groups[1].keeper
    changed = Path(os.fsdecode(library.root)) / os.fsdecode(other.path)
    pictures.photo(99).save(changed, format="JPEG")
    review.request_thumbnails(ctx, scan_id, [one.id, other.id])
    deadline = time.monotonic() + 30
    while (path := review.thumbnail(ctx, scan_id, one.id, 320)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert path.read_bytes()[8:12] == b"WEBP"
    assert review.thumbnail(ctx, scan_id, other.id, 320) is None


def test_a_deep_scan_without_weights_fails_at_once_and_says_what_to_do(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    progress = await_end(ctx, scans.request(ctx, near(library, preset=Preset.DEEP)))
    assert (progress.state, progress.error_code) == (State.FAILED, "weights_missing")
    assert "near" in str(progress.error_message)


MODEL = SHARED_DATA / "weights" / "mobilenet_v2_1.0_224_keras_notop_avgpool.keras"


@pytest.mark.skipif(not MODEL.exists(), reason="needs the trained network beside the checkout")
def test_a_deep_scan_with_a_trained_network_finds_the_copies(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    scan_id = scans.request(ctx, near(library, preset=Preset.DEEP, model=str(MODEL)))
    progress = await_end(ctx, scan_id, timeout_s=120)
    assert progress.state is State.DONE, progress.error_message
    result = scans.result(ctx, scan_id)
    found = [path for group in names(result, library) for path in group]
    assert {path for group in EXPECTED for path in group} <= set(found)
    assert all(pair["cosine"] is not None for pair in result["pairs"] if pair["kind"] != "exact")


def test_a_deep_scan_with_vgg16_scores_as_a_direct_keras_call_does(
    ctx: Context, tmp_path: Path, stack, keras, vgg16_weights: Path
) -> None:
    root = tmp_path / "squares"
    root.mkdir()
    names = [f"{seed}.png" for seed in range(5)]
    for seed, name in enumerate(names):
        pictures.photo(seed, (224, 224)).save(root / name)  # of the network's own size, so nothing is resized
    stack(LOOKALIKE_WEIGHTS=str(vgg16_weights), LOOKALIKE_BATCH_SIZE="4", LOOKALIKE_PRECISION="float32")
    wanted = near(libraries.add(ctx, root), preset=Preset.DEEP, threshold=0.0)
    scan_id = scans.request(ctx, wanted)
    progress = await_end(ctx, scan_id, timeout_s=180)
    assert progress.state is State.DONE, progress.error_message

    direct = keras.applications.VGG16(weights=None, classes=3)
    direct.load_weights(vgg16_weights)
    fc1 = keras.Model(direct.input, direct.get_layer("fc1").output)
    pixels = np.stack([np.asarray(Image.open(root / name), np.float32) for name in names])
    rows = np.asarray(fc1.predict(keras.applications.vgg16.preprocess_input(pixels), verbose=0))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    expected = rows @ rows.T
    pairs = scans.result(ctx, scan_id)["pairs"]
    assert len(pairs) == 10
    for pair in pairs:
        a, b = (names.index(Path(pair[side]).name) for side in "ab")
        assert pair["cosine"] == pytest.approx(expected[a, b], abs=1e-5)
        assert pair["similarity"] >= pair["cosine"]
