"""A library that disappears while it is scanned: the scan fails with that reason, and one click goes on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from shared.domain.scan import State
from tests.faults.rig import Rig, programs, running
from tests.faults.table import MOMENTS, survived


def unplug(rig: Rig) -> None:
    rig.root.rename(rig.root.with_name("unplugged"))


def plug(rig: Rig) -> None:
    rig.root.with_name("unplugged").rename(rig.root)


def unmount(rig: Rig) -> None:
    """What is left of a share that is unmounted: an empty folder."""
    unplug(rig)
    rig.root.mkdir()


def mount(rig: Rig) -> None:
    rig.root.rmdir()
    plug(rig)


WAYS = {"its folder is gone": (unplug, plug), "an empty mount point is left": (unmount, mount)}


@pytest.mark.parametrize("way", WAYS)
def test_a_library_that_goes_away_is_told_and_scanned_again(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, bring = WAYS[way]
    chance = random.Random(way)
    ends = set()
    times = max(1, MOMENTS // 2)
    with running(tmp_path, monkeypatch, programs()) as rig:
        for moment in sorted(chance.uniform(0.05, 0.6) for _ in range(times)):
            rig.salt()
            scan_id = rig.request()
            assert rig.reach(scan_id, moment)
            take(rig)
            progress = rig.end(scan_id)
            bring(rig)
            ends.add(progress.state)
            if progress.state is State.DONE:  # all had been read
                rig.check(scan_id)
                continue
            assert progress.error_code in ("library_missing", "no_such_folder"), progress
            assert str(rig.root) in str(progress.error_message)
            assert rig.lost() == 0
            rig.check(rig.request())
    assert State.FAILED in ends
    survived(f"library away in mid-scan: {way}", times, "the scan fails and names it; scanned again, same result")
