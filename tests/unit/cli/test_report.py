"""What a scan found, written for programs and shown to people."""

from __future__ import annotations

import json
import os
import stat
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cli import report

SIGNALS = {"similarity": 0.984, "cosine": None, "distance": 3, "ssim": 0.91, "kind": "look-alike"}
SCAN: dict[str, Any] = {
    "version": 1,
    "images": 5,
    "unreadable": [{"path": "/p/broken.jpg", "reason": "The file is cut off."}],
    "groups": [{"keeper": "/p/a.jpg", "members": [{"path": "/p/ä.jpg", **SIGNALS}]}],
    "pairs": [],
}


def test_groups_are_shown_with_keeper_percent_and_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    report.show(SCAN)
    shown = capsys.readouterr().out
    assert "keep  /p/a.jpg" in shown
    assert "98.4 %  /p/ä.jpg  (look-alike, distance 3, SSIM 0.91)" in shown
    assert "/p/broken.jpg: The file is cut off." in shown
    assert "5 images, 1 group, 1 image to let go." in shown


def test_matches_of_a_search_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    report.show({"images": 3, "unreadable": [], "as_of": None, "matches": [{"path": "/p/a.jpg", **SIGNALS}]})
    assert capsys.readouterr().out == (
        "   98.4 %  /p/a.jpg  (look-alike, distance 3, SSIM 0.91)\n1 match among 3 images.\n"
    )


def test_a_search_that_went_by_a_scan_says_as_of_when(capsys: pytest.CaptureFixture[str]) -> None:
    report.show({"images": 3, "unreadable": [], "as_of": 1.7e9, "matches": []})
    shown = capsys.readouterr().out
    assert shown.startswith(
        f"0 matches among 3 images, as of the scan of {datetime.fromtimestamp(1.7e9):%Y-%m-%d %H:%M}"
    )
    assert "--fresh" in shown


@pytest.mark.parametrize(
    ("similarity", "shown"), [(1.0, "  100 %"), (0.99999, " 99.9 %"), (0.57, " 57.0 %"), (0.0, "  0.0 %")]
)
def test_only_full_equality_is_shown_as_100(similarity: float, shown: str) -> None:
    assert report.percent(similarity) == shown


def test_result_is_written_whole_and_readable_by_all_who_may(tmp_path: Path) -> None:
    report.write(SCAN, str(tmp_path / "out.json"))
    assert json.loads((tmp_path / "out.json").read_text("utf-8")) == SCAN
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "out.json").stat().st_mode) == 0o666 & ~umask
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_a_result_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out.json").write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        report.write(SCAN, str(tmp_path / "out.json"))
    assert (tmp_path / "out.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_a_dash_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    report.write(SCAN, "-")
    assert json.loads(capsys.readouterr().out) == SCAN
