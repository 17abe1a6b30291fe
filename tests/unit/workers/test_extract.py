"""Extraction: nothing is computed twice, and hash presets need no network."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.context import Context
from shared.domain.scan import Folder, Phase, Preset, ScanRequest
from shared.services import libraries
from shared.store import scans as store
from tests import pictures
from tests.unit.workers.test_features import add, digest
from workers import engine, known, tables, units
from workers.features import Space
from workers.known import Known
from workers.stages.extract import extract_chunk
from workers.stages.index import index
from workers.stages.plan import plan

STAGES: dict[Phase, units.Stage] = {Phase.PLAN: plan, Phase.EXTRACT: extract_chunk, Phase.INDEX: index}


@pytest.fixture(autouse=True)
def _decoders() -> Iterator[None]:
    yield
    engine.close()


def scan(ctx: Context, root: Path, scan_id: str) -> dict[str, str]:
    """Scan a folder as far as the comparison; returns the fields of the scan."""
    library = libraries.add(ctx, root)
    store.create(ctx.redis, scan_id, ScanRequest((Folder(library.id),), preset=Preset.NEAR), time.time())
    for phase, stage in STAGES.items():
        for unit in range(int(store.fields(ctx.redis, scan_id).get(f"total:{phase}", 0))):
            units.run(ctx, scan_id, phase, unit, stage)
    return store.fields(ctx.redis, scan_id)


def segments(ctx: Context) -> list[Path]:
    return sorted(ctx.layout.features.rglob("*.parquet"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    pictures.library(root, count=10)
    for path in root.rglob("*.*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    return root


def test_moving_renaming_copying_touching_or_another_library_computes_nothing_anew(
    ctx: Context, photos: Path, tmp_path: Path
) -> None:
    first = scan(ctx, photos, "first")
    stored = segments(ctx)
    assert stored
    shutil.move(photos / "trip" / "005.jpg", photos / "moved.jpg")
    shutil.copy(photos / "trip" / "006.jpg", photos / "copied.jpg")
    os.utime(photos / "trip" / "007.jpg")
    shutil.copytree(photos / "trip", tmp_path / "elsewhere")
    second, third = scan(ctx, photos, "second"), scan(ctx, tmp_path / "elsewhere", "third")
    assert segments(ctx) == stored
    assert int(second["images_done"]) == int(first["images_done"]) + 1
    assert second["contents"] == first["contents"]
    assert third["images_done"] == third["contents"] == "9"


def test_an_unchanged_library_is_not_cut_into_chunks_at_all(ctx: Context, photos: Path) -> None:
    for name in ("notes.txt", "torn.jpg", "empty.png"):
        (photos / name).unlink()
    scan(ctx, photos, "first")
    assert scan(ctx, photos, "second")[f"total:{Phase.EXTRACT}"] == "0"


PROGRAM = """
import sys
from pathlib import Path
import psutil
from shared.context import connect
from shared.settings import Settings
from tests.unit.workers.test_extract import engine, scan

def peak_mb(pid):  # getrusage would tell of the process that started this one
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) >> 10

scan(connect(Settings(data=Path(sys.argv[1]), decoders=2), sys.argv[2]), Path(sys.argv[3]), "apart")
print([name for name in ("tensorflow", "keras") if name in sys.modules])
print(peak_mb("self"))
print(sum(peak_mb(child.pid) for child in psutil.Process().children()))
engine.close()
"""


def test_hash_presets_load_no_network_and_little_memory(ctx: Context, redis_url: str, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(3):
        pictures.photo(seed, (4000, 3000)).save(photos / f"{seed}.jpg", quality=90)
    root = Path(__file__).parents[3]
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    said = subprocess.run(
        [*command, str(ctx.settings.data), redis_url, str(photos)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    loaded, worker, decoders = said.stdout.splitlines()[-3:]
    assert loaded == "[]"
    assert int(worker) + int(decoders) < 400  # MiB


@given(st.integers(1, 90), st.integers(0, 100), st.integers(1, 40))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_some_rows_of_a_table_are_those_that_the_whole_has(ctx: Context, count: int, start: int, length: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_ROW_GROUP", 7)
        tables.write(ctx, "scan", "numbers", pa.table({"n": list(range(count))}))
    found = tables.read_rows(ctx, "scan", "numbers", range(start, start + length))
    assert found["n"].to_pylist() == list(range(count))[start : start + length]


def test_decoders_are_told_of_what_all_spaces_hold(tmp_path: Path) -> None:
    one, other, kept = Space(tmp_path, "one"), Space(tmp_path, "other"), Known()
    add(one, [1, 2, 3])
    add(other, [2, 3, 4])
    told = np.load(kept.prefixes("scan", [one, other]).path).tolist()
    assert told == sorted(int.from_bytes(digest(n)[:8], "big") for n in (2, 3))


def test_their_file_lies_there_while_it_is_held_and_is_written_anew_at_a_price_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, kept = Space(tmp_path, "space"), Known()
    add(space, [1])
    monkeypatch.setattr(known, "_SHARE", 1e-6)  # hours pass before it is due again
    first = kept.prefixes("scan", [space])
    add(space, [2])
    assert kept.prefixes("scan", [space]) is first
    second = kept.prefixes("another scan", [space])
    assert (len(np.load(first.path)), len(np.load(second.path))) == (1, 2)
    gone = first.path
    del first
    gc.collect()
    assert not gone.exists()
    assert second.path.exists()
