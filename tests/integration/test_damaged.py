"""Files that were half downloaded, end to end: told of in each scan, and used where matches are proven."""

from __future__ import annotations

import os
import time
from io import BytesIO
from pathlib import Path

import pytest

from shared.context import Context
from shared.domain.keep_rules import Criterion, Rules, Step
from shared.domain.model import Kind, Library
from shared.domain.plan import PlanShow
from shared.domain.proposing import Fate
from shared.domain.review import GroupFilter
from shared.domain.scan import Folder, Preset, ScanKind, ScanRequest, State
from shared.names import THUMBNAILS_QUEUE
from shared.services import checks, libraries, plans, review, scans
from shared.store import presence, results
from tests.integration.conftest import await_end
from tests.integration.test_thorough import scene

OLDEST = Rules((Step(Criterion.OLDEST),))
SMALL = {"LOOKALIKE_CHUNK_SIZE": "2", "LOOKALIKE_BLOCK_SIZE": "4"}


def torn(whole: Path, name: str, share: float) -> None:
    data = whole.read_bytes()
    (whole.parent / name).write_bytes(data[: int(len(data) * share)])


@pytest.fixture
def library(ctx: Context, tmp_path: Path) -> Library:
    """Three photographs with what is left of files of them, of the first one twice, and two others."""
    root = tmp_path / "library"
    root.mkdir()
    scene("coffee").save(root / "coffee.jpg", quality=92)
    torn(root / "coffee.jpg", "a.jpg", 0.75)
    torn(root / "coffee.jpg", "b.jpg", 0.5)
    scene("chelsea").save(root / "cat.png")
    torn(root / "cat.png", "half cat.png", 0.5)
    scene("astronaut").save(root / "astronaut.jpg", progressive=True)
    torn(root / "astronaut.jpg", "blurred.jpg", 0.6)
    for name in ("rocket", "camera"):
        scene(name).save(root / f"{name}.jpg", quality=92)
    torn(root / "rocket.jpg", "tiny.jpg", 0.06)
    for path in root.iterdir():  # what is torn is the older; what changed a moment ago would not be remembered
        changed = 1_600_000_000 + len(path.read_bytes())
        os.utime(path, (changed, changed))
    return libraries.add(ctx, root)


TORN = {"a.jpg", "b.jpg", "half cat.png", "blurred.jpg"}


def scanned(ctx: Context, wanted: ScanRequest) -> str:
    scan_id = scans.request(ctx, wanted)
    progress = await_end(ctx, scan_id)
    assert progress.state is State.DONE, progress.error_message
    return scan_id


def problems(ctx: Context, scan_id: str) -> dict[str, str]:
    with results.opened(ctx.layout.result(scan_id)) as reader:
        found = {one.path.decode(): one.code for one in reader.unreadable()}
    assert scans.progress(ctx, scan_id).unreadable == len(found)
    return found


def test_the_whole_is_kept_what_is_left_goes_and_each_scan_says_so(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    wanted = ScanRequest((Folder(library.id),))
    first = scanned(ctx, wanted)
    assert problems(ctx, first) == dict.fromkeys(TORN, "damaged") | {"tiny.jpg": "truncated"}
    with results.opened(ctx.layout.result(first)) as reader:
        kept = {group.keeper.path: {m.image.path for m in group.members[1:]} for group in reader.groups()}
        kinds = {m.signals.kind for group in reader.groups() for m in group.members if m.signals is not None}
    assert kept == {
        b"coffee.jpg": {b"a.jpg", b"b.jpg"}, b"cat.png": {b"half cat.png"}, b"astronaut.jpg": {b"blurred.jpg"},
    }  # fmt: skip
    assert kinds == {Kind.DAMAGED}
    assert fates(ctx, first, OLDEST) == dict.fromkeys(TORN, (Fate.MOVE, "damaged")) | dict.fromkeys(
        ("coffee.jpg", "cat.png", "astronaut.jpg"), (Fate.KEEP, "not damaged")
    )

    stored = sorted(ctx.layout.features.rglob("*.parquet"))
    second = scanned(ctx, wanted)
    assert problems(ctx, second) == problems(ctx, first)
    assert scans.result(ctx, second) == scans.result(ctx, first)
    assert sorted(ctx.layout.features.rglob("*.parquet")) == stored

    near = scanned(ctx, ScanRequest((Folder(library.id),), preset=Preset.NEAR))
    assert problems(ctx, near) == dict.fromkeys(TORN | {"tiny.jpg"}, "truncated")
    assert scans.result(ctx, near)["groups"] == []
    assert sorted(ctx.layout.features.rglob("*.parquet")) == stored


def fates(ctx: Context, scan_id: str, rules: Rules) -> dict[str, tuple[Fate, str]]:
    """What would be proposed for every picture that is in a group, and why."""
    plan_id = plans.stage(ctx, scan_id, GroupFilter(), rules)
    planned, _ = plans.groups(ctx, plan_id, PlanShow.MOVES)
    names = {member.image.id: member.image.path.decode() for one in planned for member in one.group.members}
    return {names[image]: fate for one in planned for image, fate in one.fates.items()}


def test_where_no_whole_is_there_nothing_goes_because_of_what_is_left(ctx: Context, library: Library, stack) -> None:
    (Path(library.root.decode()) / "coffee.jpg").unlink()
    stack(**SMALL)
    scan_id = scanned(ctx, ScanRequest((Folder(library.id),)))
    found = fates(ctx, scan_id, OLDEST)
    assert {name for name, (fate, _) in found.items() if fate is Fate.MOVE} == {"half cat.png", "blurred.jpg"}


def test_what_is_left_of_a_file_finds_its_whole(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    root = Path(library.root.decode())
    with (root / "half cat.png").open("rb") as stream:
        upload = scans.save_upload(ctx, stream)
    (root / "half cat.png").unlink()
    wanted = ScanRequest((Folder(library.id),), kind=ScanKind.FIND, upload=upload, upload_name="mine.png")
    scan_id = scanned(ctx, wanted)
    found = {m.image.path: m.signals.kind for m in review.matches(ctx, scan_id) if m.signals is not None}
    assert found[b"cat.png"] is Kind.DAMAGED
    assert set(problems(ctx, scan_id)) == (TORN | {"tiny.jpg"}) - {"half cat.png"}


def test_a_picture_of_which_only_a_part_is_there_is_not_there_already(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    scanned(ctx, ScanRequest((Folder(library.id),)))
    while presence.last_served(ctx.redis, THUMBNAILS_QUEUE) is None:  # workers say so every few seconds
        time.sleep(0.05)
    whole = Path(library.root.decode()) / "astronaut.jpg"

    def asked(data: bytes) -> list[bytes]:
        return [place.path for place in checks.check_image(ctx, BytesIO(data)).places]

    data = whole.read_bytes()
    assert asked(data) == [b"astronaut.jpg"]
    whole.unlink()
    assert asked(data) == []
