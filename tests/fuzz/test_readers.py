"""What lies in the data folder may be damaged in any way: readers take it or leave it, and never fall over it.

The journal's fuzz test stands with its others (tests/unit/shared/test_journal.py), that of paths in
tests/unit/shared/test_confined.py and tests/unit/web/test_confinement.py.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.context import Context
from shared.domain.model import Image, Kind, Library, Pair, Signals, Unreadable, image_id, library_id
from shared.domain.scan import Folder, ScanRequest
from shared.services.document import document
from shared.store import libraries, results
from workers.features import DIGEST, DIGEST_TYPE, Space

TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
ROOT = b"/library \xff of someone"
_places = st.integers(0, 1 << 20)
_damage = st.lists(
    st.tuples(st.sampled_from(["flip", "cut", "insert", "zero"]), _places, st.binary(min_size=1, max_size=8)),
    min_size=1,
    max_size=4,
)


def damaged(data: bytes, steps: list[tuple[str, int, bytes]]) -> bytes:
    """These bytes with some changed, missing, or too many."""
    for kind, place, some in steps:
        at = place % (len(data) + 1)
        if kind == "flip":
            data = data[:at] + bytes(a ^ b for a, b in zip(data[at:], some, strict=False)) + data[at + len(some) :]
        elif kind == "cut":
            data = data[:at]
        elif kind == "insert":
            data = data[:at] + some + data[at:]
        else:
            data = data[:at] + bytes(len(some)) + data[at + len(some) :]
    return data


def contents(first: int, count: int) -> tuple[pa.Table, np.ndarray]:
    digests = [n.to_bytes(32, "big") for n in range(first, first + count)]
    table = pa.table({DIGEST: pa.array(digests, DIGEST_TYPE), "width": pa.array(range(count), pa.int32())})
    return table, np.arange(count * 4, dtype=np.float32).reshape(count, 4) + first


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=100 * TIMES, deadline=None)
@given(suffix=st.sampled_from([".npy", ".parquet"]), steps=_damage)
def test_a_segment_of_features_may_be_damaged_in_any_way(suffix: str, steps: list[tuple[str, int, bytes]]) -> None:
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        writer = Space(Path(folder), "space")
        writer.append(*contents(1000, 20))
        (victim,) = Path(folder).rglob(f"*{suffix}")
        victim.write_bytes(damaged(victim.read_bytes(), steps))
        writer.append(*contents(5, 3))
        space = Space(Path(folder), "space")
        space.refresh()
        sound = space.find([n.to_bytes(32, "big") for n in (5, 6, 7)])
        if (sound >= 0).all():
            assert np.array_equal(space.rows(sound), contents(5, 3)[1])
        else:  # a damaged segment that still loads, with another shape, came first
            assert len(space) == 20
        everything = np.arange(len(space))
        assert len(space.rows(everything)) == len(space.take(everything)) == len(space)


_paths = st.binary(min_size=1, max_size=40).filter(lambda path: b"\0" not in path and not path.startswith(b"/"))
_fractions = st.floats(0, 1)
_signals = st.builds(
    Signals, _fractions, st.sampled_from(Kind), st.none() | _fractions, st.none() | st.integers(0, 64),
    st.none() | _fractions,
)  # fmt: skip


def image(path: bytes) -> Image:
    library = library_id(ROOT)
    return Image(image_id(library, path), library, path, 10, 5, "d" * 64, 4, 3, "JPEG")


def place(entry: dict[str, str], name: str) -> bytes:
    """The path that a program reads out of a result."""
    exact = entry.get(f"{name}_b64")
    return entry[name].encode() if exact is None else base64.b64decode(exact)


@settings(max_examples=50 * TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    paths=st.lists(_paths, min_size=2, max_size=6, unique=True), signals=_signals, reason=st.text(max_size=20).filter(
        lambda text: text.isprintable()
    )
)  # fmt: skip
def test_any_path_survives_the_json_result(ctx: Context, paths: list[bytes], signals: Signals, reason: str) -> None:
    libraries.put(ctx.redis, Library(library_id(ROOT), ROOT, "library"))
    first, *others = images = [image(path) for path in paths]
    found = results.Result(
        total=len(images),
        images=images,
        omitted=[(first.id, 100, 1)],
        groups=[(first.id, [(other.id, signals) for other in others], 1)],
        pairs=[Pair(first.id, other.id, signals) for other in others],
        matches=[],
        unreadable=[Unreadable(first.library, path, "corrupt", reason) for path in paths],
    )
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        results.write(Path(folder) / "result.sqlite", found)
        with results.opened(Path(folder) / "result.sqlite") as reader:
            text = json.dumps(document(ctx, ScanRequest(folders=(Folder(first.library),)), reader, ()), allow_nan=False)
    read = json.loads(text.encode("utf-8"))
    absolute = {os.path.join(ROOT, path) for path in paths}
    assert {place(entry, "path") for entry in read["unreadable"]} == absolute
    (group,) = read["groups"]
    assert {place(group, "keeper")} | {place(member, "path") for member in group["members"]} == absolute
    assert {place(pair, end) for pair in read["pairs"] for end in "ab"} == absolute
