"""The task that makes the thumbnails of a page."""

from __future__ import annotations

from shared.names import MAKE_THUMBNAILS
from workers.app import app, context
from workers.messages import IMAGES, SCAN, checked


@app.task(name=MAKE_THUMBNAILS, soft_time_limit=300, time_limit=330)
@checked(SCAN, IMAGES)
def make_thumbnails(scan_id: str, image_ids: list[str]) -> None:
    """Make the thumbnails of these images of a scan, where they are missing."""
    from workers.stages.thumbnails import make

    make(context(), scan_id, image_ids)
