"""Serve the application with waitress: ``python -m web``.

Invariant: what other machines can reach is served only where its host names are known and a password is set
(``web.app.wire`` sees to it).
"""

from __future__ import annotations

import logging
import sys

import waitress

from shared import exposition, logs
from shared.domain.errors import LookalikeError
from shared.settings import Settings
from web import metrics
from web.app import FORM_OVERHEAD, create_app, wire

THREADS = 8


def serve(settings: Settings) -> None:
    """Serve until interrupted. Raises InvalidRequest, OSError (the port is taken)."""
    logs.configure()
    logging.getLogger("waitress.queue").setLevel(
        logging.ERROR
    )  # a page of thumbnails queues for a moment; that is fine
    app = create_app(wire(settings))
    exposition.serve(settings, app.extensions[metrics.KEY])
    waitress.serve(
        app,
        host=settings.host,
        port=settings.port,
        threads=THREADS,
        ident=None,
        # Flask's own limit answers with a message; this one only bounds what waitress buffers before it
        max_request_body_size=2 * (settings.max_upload + FORM_OVERHEAD),
    )


def main() -> int:
    """Exit status: 0, 2 for settings that cannot be used, 1 where the address cannot be had."""
    try:
        serve(Settings.from_environment())
    except LookalikeError as error:
        print(f"lookalike web: {error.message}", file=sys.stderr)  # noqa: T201 - for the person who started it
        return 2
    except OSError as error:
        print(f"lookalike web: {error}. Is another server using this port?", file=sys.stderr)  # noqa: T201
        return 1
    return 0
