"""``lookalike watch`` over real workers: the second scan tells what the first had not seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from shared.context import Context
from tests.integration.conftest import Worker
from tests.pictures import photo


def test_a_second_scan_tells_only_what_is_new(
    ctx: Context, redis_url: str, stack: Callable[..., dict[str, Worker]], tmp_path: Path
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    for seed in range(4):
        photo(seed).save(library / f"{seed}.jpg")
    shutil.copy(library / "0.jpg", library / "old copy.jpg")
    stack()

    def watch() -> str:
        environment = {"LOOKALIKE_REDIS_URL": redis_url, "LOOKALIKE_DATA": str(ctx.settings.data)}
        command = [sys.executable, "-m", "cli.main", "watch", str(library), "--once"]
        done = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, timeout=90, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = watch()
    assert "5 images, 1 new matches." in first
    assert "old copy.jpg" in first
    shutil.copy(library / "1.jpg", library / "new copy.jpg")
    (library / "torn.jpg").write_bytes((library / "2.jpg").read_bytes()[:1000])
    second = watch()
    assert "6 images (1 more than before), 1 new matches." in second
    assert "new copy.jpg" in second
    assert "old copy.jpg" not in second
    assert "cannot be read" in second
    assert "torn.jpg" in second


def test_between_scans_it_waits_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "watch", str(tmp_path), "--at", "00:00", "--at", "12:00"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr is not None
        assert "The next scan is due" in waiting.stderr.readline()
        waiting.terminate()
        assert waiting.wait(20) == 130
