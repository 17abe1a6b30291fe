"""Thumbnails are asked of a worker until all sizes are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.broker import messages
from shared.context import Context
from shared.layout import THUMBNAIL_SIZES
from shared.names import THUMBNAILS_QUEUE
from shared.services import review
from tests import gallery
from tests.gallery import SCAN


@pytest.mark.parametrize("size", THUMBNAIL_SIZES)
def test_one_missing_size_is_asked_for(ctx: Context, tmp_path: Path, size: int) -> None:
    shown = gallery.make(ctx, tmp_path / "pictures")
    image = next(iter(shown.images.values()))
    review.request_thumbnails(ctx, SCAN, [image.id])
    assert messages(ctx.redis, THUMBNAILS_QUEUE) == set()
    ctx.layout.thumbnail(image.digest, size).unlink()  # as a worker that was killed between two sizes leaves it
    assert review.thumbnail(ctx, SCAN, image.id, size) is None
    assert len(ctx.redis.lrange(f"lookalike:v1:celery:{THUMBNAILS_QUEUE}", 0, -1)) == 1
