"""Thumbnails: WebP at two sizes, by content, made when a page first shows an image."""

from __future__ import annotations

from collections.abc import Sequence

from shared.context import Context
from shared.layout import THUMBNAIL_SIZES
from shared.store import results
from shared.whole import written_whole
from workers import engine
from workers.vision.reading import Failure


def make(ctx: Context, scan_id: str, image_ids: Sequence[str]) -> None:
    """Make what is missing. A file that changed since the scan gets none, for it would show another picture."""
    with results.opened(results.latest(ctx.layout, scan_id)) as reader:
        images = [reader.image(image_id) for image_id in image_ids]
    missing = [i for i in images if not all(ctx.layout.thumbnail(i.digest, s).exists() for s in THUMBNAIL_SIZES)]
    jobs = engine.jobs(ctx, ((number, image.library, image.path) for number, image in enumerate(missing)))
    for made in engine.decoders(ctx).thumbnails(jobs, THUMBNAIL_SIZES):
        if isinstance(made, Failure) or made.digest.hex() != missing[made.number].digest:
            continue
        for size, data in zip(THUMBNAIL_SIZES, made.images, strict=True):
            with written_whole(ctx.layout.thumbnail(made.digest.hex(), size)) as draft:
                draft.write_bytes(data)
