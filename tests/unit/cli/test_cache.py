"""``lookalike cache`` and ``lookalike export``, on a real store."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from cli.main import main
from shared.context import Context
from shared.domain.scan import Preset
from shared.layout import Layout
from shared.services import libraries, scans
from tests import pictures
from tests.unit.workers.test_extract import scan
from tests.unit.workers.test_features import add, digest, vectors
from workers import engine
from workers.features import Space


@pytest.fixture
def data(ctx: Context, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("LOOKALIKE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOOKALIKE_DATA", str(ctx.settings.data))
    monkeypatch.setenv("LOOKALIKE_REDIS_URL", redis_url)
    return ctx.settings.data


@pytest.fixture
def store(data: Path) -> Path:
    root = Layout(data).features
    for name in ("deep-mine", "deep-other"):
        space = Space(root, name)
        for start in range(5):
            add(space, [start, start + 1])
    return root


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    pictures.library(tmp_path / "photos", count=5)
    for path in (tmp_path / "photos").rglob("*.*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    return tmp_path / "photos"


def run(*arguments: object, input: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=input)


def test_an_empty_store_is_said_to_be_empty(data: Path, tmp_path: Path) -> None:
    assert "Nothing is stored" in run("cache", "info").output
    assert run("cache", "verify").exit_code == run("cache", "prune").exit_code == 0
    assert run("export", "features", tmp_path / "out").exit_code == 2


def test_info_counts_contents_once_and_prune_merges(store: Path) -> None:
    lines = run("cache", "info").output.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["deep-mine", "6", "5"], ["deep-other", "6", "5"]]
    assert "5 segments merged" in run("cache", "prune").output
    assert [line.split()[:3] for line in run("cache", "info").output.splitlines()[1:]] == [
        ["deep-mine", "6", "1"], ["deep-other", "6", "1"],
    ]  # fmt: skip


def test_verify_finds_a_changed_byte_and_removes_what_is_damaged_when_told(store: Path) -> None:
    assert run("cache", "verify").exit_code == 0
    victim = next((store / "deep-mine").glob("*.npy"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"\x7f")
    result = run("cache", "verify")
    assert result.exit_code == 1
    assert victim.stem in result.output
    assert run("cache", "verify", "--remove").exit_code == 0
    assert not victim.exists()
    assert run("cache", "verify").exit_code == 0


def test_a_space_is_removed_when_asked_twice_and_no_scan_runs(
    ctx: Context,
    store: Path,
    photos: Path,
) -> None:
    assert run("cache", "prune", "--space", "nonsense", "--yes").exit_code == 2
    assert run("cache", "prune", "--space", "deep-mine", input="n\n").exit_code == 1
    libraries.add(ctx, photos)
    scan_id = scans.request(ctx, _wanted(ctx))
    result = run("cache", "prune", "--space", "deep-mine", "--yes")
    assert result.exit_code == 1
    assert "A scan is running" in result.output
    scans.cancel(ctx, scan_id)
    assert run("cache", "prune", "--space", "deep-mine", "--yes").exit_code == 0
    assert [path.name for path in store.iterdir()] == ["deep-other"]


def _wanted(ctx: Context) -> scans.ScanRequest:
    (library,) = libraries.listed(ctx)
    return scans.ScanRequest((scans.Folder(library.id),), preset=Preset.NEAR)


@pytest.mark.parametrize("format", ["parquet", "npy"])
def test_vectors_are_exported_with_their_digests(store: Path, tmp_path: Path, format: str) -> None:
    out = tmp_path / "out"
    result = run("export", "features", out, "--format", format, "--space", "deep-mine")
    assert result.exit_code == 0, result.output
    table = pq.read_table(out / "deep-mine.parquet")
    numbers = table["number"].to_pylist()
    assert sorted(numbers) == list(range(6))
    assert table["digest"].to_pylist() == [digest(n) for n in numbers]
    rows = np.load(out / "deep-mine.npy") if format == "npy" else np.array(table["row"].to_pylist(), np.float32)
    assert np.array_equal(rows, vectors(numbers))
    assert sorted(path.name for path in out.iterdir()) == sorted(
        ["deep-mine.parquet", "files.parquet", *(["deep-mine.npy"] if format == "npy" else [])]
    )


def test_files_are_exported_with_the_digests_that_lead_to_their_features(
    ctx: Context,
    data: Path,
    photos: Path,
    tmp_path: Path,
) -> None:
    scan(ctx, photos, "scan")
    engine.close()
    assert run("export", "features", tmp_path / "out").exit_code == 0
    files = pq.read_table(tmp_path / "out" / "files.parquet").to_pylist()
    (exported,) = (tmp_path / "out").glob("pixels-*.parquet")
    contents = {row["digest"]: row for row in pq.read_table(exported).to_pylist()}
    assert {os.fsdecode(file["path"]) for file in files} > {"trip/000.jpg", "copy of 000.jpg", "001.png"}
    for file in files:
        assert (contents[file["digest"]]["width"], contents[file["digest"]]["height"]) in ((320, 240), (160, 120))
        assert len(contents[file["digest"]]["row"]) == 64 * 64
