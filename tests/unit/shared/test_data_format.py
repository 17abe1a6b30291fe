"""Data of another release: refused with what to do, never opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from shared.context import Context
from shared.data_format import FORMAT, OtherFormat, admit
from shared.store import keys


def test_new_data_are_marked_and_admitted_again(ctx: Context) -> None:
    admit(ctx)
    admit(ctx)
    assert (ctx.layout.root / "format").read_text() == f"{FORMAT}\n"
    assert ctx.redis.get(keys.FORMAT) == str(FORMAT).encode()


def test_a_data_folder_that_is_not_there_is_made(ctx: Context) -> None:
    ctx.layout.root.rmdir()
    admit(ctx)
    assert (ctx.layout.root / "format").is_file()


@pytest.mark.parametrize(
    ("mark", "remedy"),
    [
        (f"{FORMAT + 1}\n", "newer Lookalike"),
        (f"{FORMAT - 1}\n", "the release that wrote them"),
        ("torn", "the release that wrote them"),
        ("", "the release that wrote them"),
    ],
)
def test_a_folder_of_another_release_is_refused_with_what_to_do(ctx: Context, mark: str, remedy: str) -> None:
    (ctx.layout.root / "format").write_text(mark)
    with pytest.raises(OtherFormat, match=remedy) as refused:
        admit(ctx)
    assert str(ctx.layout.root) in refused.value.message
    assert "LOOKALIKE_DATA" in refused.value.message
    assert (ctx.layout.root / "format").read_text() == mark
    assert ctx.redis.get(keys.FORMAT) is None


def test_a_redis_of_another_release_is_refused(ctx: Context) -> None:
    ctx.redis.set(keys.FORMAT, FORMAT + 1)
    with pytest.raises(OtherFormat, match="this Redis"):
        admit(ctx)


def test_doctor_tells_of_data_of_another_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "format").write_text(f"{FORMAT + 1}\n")
    monkeypatch.setenv("LOOKALIKE_DATA", str(tmp_path))
    told = CliRunner().invoke(main, ["doctor"])
    assert told.exit_code == 1
    assert "of another release" in told.output
    assert "newer Lookalike" in told.output
