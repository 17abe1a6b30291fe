"""What files say of their pictures, from the file through real workers to the rules."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import ExifTags, Image

from shared.context import Context
from shared.domain import model
from shared.domain.keep_rules import Criterion, Rules, Step, choose
from shared.domain.model import Facts
from shared.domain.scan import Folder, Preset, ScanRequest, State
from shared.services import libraries, scans
from shared.store import results
from tests import pictures
from tests.integration.conftest import await_end


def found(ctx: Context, request: ScanRequest) -> dict[str, model.Image]:
    scan_id = scans.request(ctx, request)
    progress = await_end(ctx, scan_id)
    assert progress.state is State.DONE, progress.error_message
    with results.opened(ctx.layout.result(scan_id)) as reader:
        (group,) = reader.groups()
    return {member.image.path.decode(): member.image for member in group.members}


def test_the_picture_that_still_says_when_it_was_taken_stays_also_in_a_library_read_before_facts_were_kept(
    ctx: Context, tmp_path: Path, stack
) -> None:
    root = tmp_path / "library"
    root.mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "NIKON D90"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:01 12:34:56"
    pictures.photo(1).save(root / "camera.jpg", quality=80, exif=exif)
    pictures.photo(1).save(root / "sent.jpg", quality=92)
    stack()
    request = ScanRequest((Folder(libraries.add(ctx, root).id),), preset=Preset.NEAR)
    images = found(ctx, request)
    assert images["camera.jpg"].facts == Facts("2024-05-01T12:34:56", "NIKON D90", 80, 2)
    assert images["sent.jpg"].facts == Facts(quality=92)
    choice = choose(list(images.values()), Rules((Step(Criterion.METADATA),)))
    assert [image.path for image in choice.best] == [b"camera.jpg"]

    shutil.rmtree(ctx.layout.features / "facts-1")
    assert found(ctx, request) == images
