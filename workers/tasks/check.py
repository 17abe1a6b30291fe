"""The task that looks up whether a picture is there already."""

from __future__ import annotations

from shared.names import CHECK_IMAGE
from workers.app import app, context
from workers.messages import CHECK, checked


@app.task(name=CHECK_IMAGE, soft_time_limit=60, time_limit=90)
@checked(CHECK)
def check_image(check_id: str) -> None:
    """Answer one question."""
    from workers.stages.check import check

    check(context(), check_id)
