"""The task that downloads the weights of the default network."""

from __future__ import annotations

from shared.names import DOWNLOAD_WEIGHTS
from workers.app import app, context
from workers.messages import checked


@app.task(name=DOWNLOAD_WEIGHTS)
@checked()
def download_weights() -> None:
    """Download them, where they are not here yet."""
    from workers.stages.weights import download

    download(context())
