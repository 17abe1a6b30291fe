"""The preset thorough, end to end: what is found, what was done to it, and what is proposed, without any network."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import validate
from PIL import Image, ImageOps
from skimage import data

from shared.context import Context
from shared.domain.model import Library
from shared.domain.proposals import proposable
from shared.domain.scan import Folder, ScanKind, ScanRequest, State
from shared.services import libraries, review, scans
from shared.store import results
from tests.integration.conftest import await_end
from web.api.result_schema import RESULT

SMALL = {"LOOKALIKE_CHUNK_SIZE": "5", "LOOKALIKE_BLOCK_SIZE": "8"}


def scene(name: str) -> Image.Image:
    image = Image.fromarray(getattr(data, name)()).convert("RGB")
    image.thumbnail((640, 640))
    return image


@pytest.fixture
def library(ctx: Context, tmp_path: Path) -> Library:
    root = tmp_path / "library"
    root.mkdir()
    coffee, cat = scene("coffee"), scene("chelsea")
    coffee.save(root / "coffee.jpg", quality=92)
    coffee.crop((60, 40, 520, 360)).save(root / "cut.jpg", quality=85)
    ImageOps.mirror(coffee).save(root / "mirrored.jpg", quality=85)
    coffee.resize((240, 160)).save(root / "small.png")
    cat.save(root / "cat.jpg", quality=92)
    cat.rotate(90, expand=True).save(root / "turned.jpg", quality=85)
    sheet = Image.new("RGB", (900, 400), "white")
    for place, image in enumerate((scene("rocket"), scene("astronaut"))):
        sheet.paste(ImageOps.fit(image, (440, 390)), (5 + 450 * place, 5))
    sheet.save(root / "collage.jpg", quality=90)
    scene("rocket").save(root / "rocket.jpg", quality=92)
    scene("astronaut").save(root / "astronaut.jpg", quality=92)
    for name in ("camera", "moon", "coins"):
        scene(name).save(root / f"{name}.jpg")
    return libraries.add(ctx, root)


def test_edits_are_proven_and_a_collage_joins_nothing(ctx: Context, library: Library, stack) -> None:
    stack(**SMALL)
    scan_id = scans.request(ctx, ScanRequest((Folder(library.id),)))
    progress = await_end(ctx, scan_id)
    assert progress.state is State.DONE, progress.error_message
    assert progress.model is None
    result = scans.result(ctx, scan_id)
    validate(result, RESULT)
    kinds = {
        (Path(group["keeper"]).stem, Path(m["path"]).stem): m["kind"]
        for group in result["groups"]
        for m in group["members"]
    }
    assert {pair: kind for pair, kind in kinds.items() if "collage" not in pair} == {
        ("coffee", "cut"): "cropped",
        ("coffee", "mirrored"): "mirrored",
        ("coffee", "small"): "resized",
        ("cat", "turned"): "turned",
    }
    with results.opened(ctx.layout.result(scan_id)) as reader:
        members = [m for group in reader.groups() for m in group.members if m.signals is not None]
    going = {m.image.path for m in members if m.signals is not None and proposable(m.signals)}
    assert going == {b"cut.jpg", b"mirrored.jpg", b"small.png", b"turned.jpg"}


@pytest.mark.parametrize("scanned", [False, True])
def test_a_part_finds_its_whole(ctx: Context, library: Library, stack, scanned: bool) -> None:
    stack(**SMALL)
    if scanned:
        scan_id = scans.request(ctx, ScanRequest((Folder(library.id),)))
        await_end(ctx, scan_id)
        votes = list(ctx.layout.scan(scan_id).glob("votes-*/*"))
        assert votes
    with (Path(library.root.decode()) / "cut.jpg").open("rb") as stream:
        upload = scans.save_upload(ctx, stream)
    wanted = ScanRequest((Folder(library.id),), kind=ScanKind.FIND, upload=upload, upload_name="mine.jpg")
    search_id = scans.request(ctx, wanted)
    progress = await_end(ctx, search_id)
    assert progress.state is State.DONE, progress.error_message
    found = {m.image.path: m.signals.kind for m in review.matches(ctx, search_id) if m.signals is not None}
    validate(scans.result(ctx, search_id), RESULT)
    assert found[b"cut.jpg"] == "exact"
    assert found[b"coffee.jpg"] == "cropped"
    if scanned:  # what the scan has made for all pictures is not made again
        assert all((ctx.layout.scan(search_id) / path.parent.name / path.name).samefile(path) for path in votes)
