"""When ``lookalike watch`` scans, and what it tells."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import main
from cli.watch import next_time, summary
from shared.services.news import news


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-01 02:59:59", "2026-03-01 03:00"),
        ("2026-03-01 03:00:00", "2026-03-01 15:30"),
        ("2026-03-01 15:30:01", "2026-03-02 03:00"),
        ("2026-12-31 23:59:00", "2027-01-01 03:00"),
    ],
)
def test_the_next_scan_is_due_at_the_next_of_its_times(now: str, due: str) -> None:
    assert next_time(datetime.fromisoformat(now), [(3, 0), (15, 30)]) == datetime.fromisoformat(due)


@pytest.mark.parametrize("time", ["25:00", "three", "3"])
def test_what_is_no_time_of_day_is_refused(tmp_path: Path, time: str) -> None:
    refused = CliRunner().invoke(main, ["watch", str(tmp_path), "--at", time])
    assert refused.exit_code == 2
    assert "Write it as 03:00" in refused.output


def result(images: int, *pairs: tuple[str, str], unreadable: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "images": images,
        "pairs": [{"a": a, "b": b, "similarity": 1.0} for a, b in pairs],
        "unreadable": [{"path": path, "reason": "torn"} for path in unreadable],
    }


def test_a_pair_is_known_whichever_of_the_two_comes_first() -> None:
    new = news(result(3, ("/b", "/a"), ("/a", "/c")), result(2, ("/a", "/b")))
    assert [(pair["a"], pair["b"]) for pair in new.pairs] == [("/a", "/c")]
    assert new.more == 1


def test_names_that_only_look_alike_are_two() -> None:
    before, now = result(2, ("/a", "/?")), result(2, ("/a", "/?"))
    before["pairs"][0]["b_b64"], now["pairs"][0]["b_b64"] = "L/8=", "L/4="
    assert len(news(now, before).pairs) == 1


def test_without_an_earlier_scan_everything_is_new_and_nothing_is_more() -> None:
    new = news(result(2, ("/a", "/b"), unreadable=("/torn",)), None)
    assert (len(new.pairs), len(new.unreadable), new.more) == (1, 1, None)


def test_the_summary_names_what_is_new() -> None:
    lines = list(summary(news(result(5, ("/a", "/b"), unreadable=("/t",)), result(7, unreadable=("/s",)))))
    assert "5 images (2 fewer than before), 1 new matches." in lines[0]
    assert lines[1].split() == ["100", "%", "/a", "and", "/b"]
    assert lines[2].strip() == "cannot be read: /t: torn"
