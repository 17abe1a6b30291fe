"""A disk that is full: the scan says so, nothing is lost, and when there is room one click goes on.

Each disk is a small file system in memory; skipped where tests may not mount any.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from shared.domain.scan import State
from shared.layout import THUMBNAIL_SIZES
from shared.services import review, scans
from tests.faults.rig import Rig, programs, running
from tests.faults.table import survived
from tests.mounts import in_own_mounts, mount_memory

FILLER = "filler"


def fill(disk: Path) -> None:
    """Leave no room on a disk."""
    with (disk / FILLER).open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def clear(disk: Path) -> None:
    (disk / FILLER).unlink()


def ask_for_scan(rig: Rig) -> tuple[int, str]:
    """Ask the page for a scan; the status and the body of its answer."""
    folders = [{"library": rig.library.id, "path_b64": ""}]
    with closing(HTTPConnection("127.0.0.1", rig.ctx.settings.port, timeout=30)) as connection:
        connection.request("POST", "/api/scans", json.dumps({"folders": folders}), {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode()


def with_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, work: Callable[[Rig, Path], None]) -> None:
    """Run ``work`` with a rig whose folder ``place`` in the data folder is a disk of its own."""

    def inside() -> None:
        disk = tmp_path / "data" / place
        disk.mkdir(parents=True)
        mount_memory(disk, 64 << 20)
        with running(tmp_path, monkeypatch, programs()) as rig:
            work(rig, disk)

    in_own_mounts(inside)


@pytest.mark.parametrize("place", ["features", "scans"])
def test_a_scan_that_finds_no_room_says_so_and_another_goes_on(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(rig: Rig, disk: Path) -> None:
        for _ in range(2):
            rig.salt()
            fill(disk)
            progress = rig.end(rig.request())
            assert progress.state is State.FAILED
            assert progress.error_code == "disk_full", progress.error_message
            assert str(rig.ctx.settings.data) in str(progress.error_message)
            assert rig.lost() == 0
            clear(disk)
            rig.check(rig.request())

    with_disk(tmp_path, monkeypatch, place, work)
    survived(f"disk full: {place}", 2, "the scan fails with “disk full”; scanned again it ends, same result")


def test_thumbnails_that_find_no_room_are_made_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(rig: Rig, disk: Path) -> None:
        rig.salt()
        scan_id = rig.request()
        rig.check(scan_id)
        image = review.groups(rig.ctx, scan_id).groups[0].keeper.id
        fill(disk)
        review.request_thumbnails(rig.ctx, scan_id, [image])
        until = time.monotonic() + 3
        rig.run(lambda: time.monotonic() > until)
        assert all(review.thumbnail(rig.ctx, scan_id, image, size) is None for size in THUMBNAIL_SIZES)
        clear(disk)

        def made() -> bool:
            review.request_thumbnails(rig.ctx, scan_id, [image])
            found = [review.thumbnail(rig.ctx, scan_id, image, size) for size in THUMBNAIL_SIZES]
            return all(path is not None and path.stat().st_size > 0 for path in found)

        rig.run(made)

    with_disk(tmp_path, monkeypatch, "thumbnails", work)
    survived("disk full: thumbnails", 1, "the page shows none; made when there is room")


def test_redis_on_a_full_disk_is_told_and_the_scan_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(rig: Rig, disk: Path) -> None:
        rig.salt()
        scan_id = rig.request()
        assert rig.reach(scan_id, 0.2)
        fill(disk)
        rig.run(lambda: str(rig.ctx.redis.info("persistence")["aof_last_write_status"]) != "ok")
        until = time.monotonic() + 5
        rig.run(lambda: time.monotonic() > until)
        assert scans.progress(rig.ctx, scan_id).state is State.RUNNING
        status, answer = ask_for_scan(rig)
        assert status == 503, answer
        assert "Make room" in answer
        clear(disk)
        rig.check(scan_id)

    with_disk(tmp_path, monkeypatch, "redis", work)
    survived("disk full: Redis's append-only file", 1, "the scan waits and goes on by itself when there is room")
