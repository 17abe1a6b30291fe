"""``lookalike export groups``: the latest scan's groups into a file whose name says the form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from shared.context import Context
from tests.gallery import SCAN, make


@pytest.fixture
def scanned(ctx: Context, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_DATA", str(ctx.settings.data))
    monkeypatch.setenv("LOOKALIKE_REDIS_URL", redis_url)
    make(ctx, tmp_path / "pictures")


def export(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["export", "groups", *map(str, arguments)])


@pytest.mark.parametrize("name", ["found.csv", "found.json", "found.html"])
def test_the_name_says_what_is_written(scanned: None, tmp_path: Path, name: str) -> None:
    done = export(tmp_path / name)
    assert done.exit_code == 0, done.output
    text = (tmp_path / name).read_text()
    if name.endswith(".json"):
        assert json.loads(text)["scan"] == SCAN
    assert text.startswith({"csv": "group,keeper", "json": '{"version": 1', "html": "<!doctype html>"}[name[6:]])


def test_another_name_or_scan_is_refused_and_nothing_written(scanned: None, tmp_path: Path) -> None:
    assert "must end in" in export(tmp_path / "found.txt").output
    assert export(tmp_path / "found.csv", "--scan", "none").exit_code == 2
    assert not (tmp_path / "found.csv").exists()


def test_without_a_scan_it_says_how_to_start_one(
    ctx: Context, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_DATA", str(ctx.settings.data))
    monkeypatch.setenv("LOOKALIKE_REDIS_URL", redis_url)
    done = export(tmp_path / "found.csv")
    assert (done.exit_code, "lookalike scan" in done.output) == (2, True)
