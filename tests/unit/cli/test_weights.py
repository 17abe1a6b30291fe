"""lookalike weights download: says where the weights are, and what to do where they cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main


def test_weights_that_are_here_are_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / "vgg16.h5"
    weights.touch()
    monkeypatch.setenv("LOOKALIKE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LOOKALIKE_WEIGHTS", str(weights))
    result = CliRunner().invoke(main, ["weights", "download"])
    assert result.exit_code == 0
    assert str(weights) in result.output
