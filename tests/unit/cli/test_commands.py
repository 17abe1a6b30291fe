"""Arguments, exit statuses and messages of the command line, without any worker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from cli.scan import folder_of
from shared.context import Context
from shared.domain.scan import Folder
from shared.services import libraries


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("LOOKALIKE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOOKALIKE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    return folder


def run(*arguments: object, input: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=input)


def test_a_folder_of_its_own_becomes_a_library(ctx: Context, pictures: Path) -> None:
    folder = folder_of(ctx, pictures)
    assert [(library.id, library.root) for library in libraries.listed(ctx)] == [
        (folder.library, os.fsencode(pictures.resolve()))
    ]
    assert folder.path == b""


def test_a_folder_inside_a_library_is_a_folder_of_it(ctx: Context, pictures: Path) -> None:
    inside = pictures / "2024" / "trip"
    inside.mkdir(parents=True)
    library = libraries.add(ctx, pictures)
    assert folder_of(ctx, inside) == Folder(library.id, b"2024/trip")
    assert folder_of(ctx, pictures) == Folder(library.id, b"")
    assert len(libraries.listed(ctx)) == 1


def test_of_libraries_inside_each_other_the_innermost_is_taken(ctx: Context, pictures: Path) -> None:
    inner = pictures / "2024"
    (inner / "trip").mkdir(parents=True)
    outermost = libraries.add(ctx, pictures)
    innermost = libraries.add(ctx, inner)
    assert folder_of(ctx, inner / "trip") == Folder(innermost.id, b"trip")
    assert folder_of(ctx, pictures) == Folder(outermost.id, b"")


def test_a_folder_whose_name_only_begins_alike_is_not_inside(ctx: Context, pictures: Path) -> None:
    library = libraries.add(ctx, pictures)
    beside = pictures.with_name("pictures of others")
    beside.mkdir()
    assert folder_of(ctx, beside).library != library.id


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["scan"], "Missing argument"),
        (["scan", "no such folder"], "does not exist"),
        (["scan", ".", "--threshold", "1.5"], "1.5"),
        (["scan", ".", "--max-distance", "65"], "65"),
        (["scan", ".", "--preset", "fuzzy"], "fuzzy"),
        (["scan", ".", "--model", "missing.keras"], "There is no model file"),
        (["scan", ".", "--output", "no/such/folder/out.json"], "cannot be written"),
        (["find", "no such image", "."], "does not exist"),
        (["up", "--host", "192.0.2.1"], "LOOKALIKE_ALLOWED_HOSTS"),
        (["trash", "purge"], "--all"),
        (["trash", "restore", "abc"], "Not in the trash: abc"),
        (["worker", "extract"], "LOOKALIKE_REDIS_URL"),
        (["worker", "sorting"], "sorting"),
        (["up", "--port", "70000"], "70000"),
        (["up", "no such folder"], "does not exist"),
    ],
)
def test_wrong_arguments_end_with_status_2_and_a_message(data: Path, arguments: list[str], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_an_empty_folder_is_refused_with_a_message(data: Path, pictures: Path) -> None:
    result = run("scan", pictures)
    assert result.exit_code == 2
    assert "empty" in result.stderr


def test_an_image_that_is_too_large_to_upload_is_refused_and_not_kept(
    data: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_MAX_UPLOAD", "4")
    (pictures / "a.jpg").write_bytes(b"longer than that")
    result = run("find", pictures / "a.jpg", pictures)
    assert result.exit_code == 2
    assert not [path for path in data.rglob("*") if "uploads" in str(path) and path.is_file()]


def test_a_search_that_is_refused_leaves_no_upload(data: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"something")
    result = run("find", tmp_path / "a.jpg", pictures)
    assert result.exit_code == 2
    assert not [path for path in data.rglob("*") if "uploads" in str(path) and path.is_file()]


def test_a_wrong_setting_is_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_PORT", "high")
    result = run("trash", "list")
    assert result.exit_code == 2
    assert "LOOKALIKE_PORT" in result.stderr


def test_a_redis_that_does_not_answer_is_a_failure_with_a_message(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_REDIS_URL", "unix:///nonexistent/redis.sock")
    result = run("trash", "list")
    assert result.exit_code == 1
    assert "Redis does not answer" in result.stderr


def test_an_empty_trash_is_said_to_be_empty(data: Path) -> None:
    result = run("trash", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "The trash is empty." in result.stderr


def test_nothing_to_restore_is_said(data: Path) -> None:
    result = run("trash", "restore")
    assert result.exit_code == 1
    assert "Nothing that was deleted" in result.stderr


def test_doctor_names_each_part_and_is_content_here(data: Path) -> None:
    result = run("doctor")
    assert result.exit_code == 0, result.output
    for part in ("Redis", "Data folder", "Formats", "JPEG", "Deep preset", "Keras", "Weights", "Processor", "GPU"):
        assert part in result.stdout
    assert not data.exists()


def test_doctor_tells_what_is_missing_and_what_to_do(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data.write_text("in the way")
    monkeypatch.setenv("LOOKALIKE_REDIS_URL", "redis://127.0.0.1:1")
    result = run("doctor")
    assert result.exit_code == 1
    assert "MISSING  Redis" in result.stdout
    assert "MISSING  Data folder" in result.stdout
    assert "Set LOOKALIKE_DATA" in result.stdout


def test_help_and_version_need_nothing(data: Path) -> None:
    assert run("--version").exit_code == 0
    for command in ("up", "scan", "find", "trash", "doctor", "worker"):
        assert run(command, "--help").exit_code == 0
    assert not data.exists()
