"""The application factory: one place wires pages, API, errors and security together.

Invariant: importing this module does nothing; two applications in one process do not share state.
"""

from __future__ import annotations

from apiflask import APIFlask
from flask_bootstrap import Bootstrap5

from shared import data_format
from shared.context import Context, connect
from shared.domain.errors import InvalidRequest
from shared.services import access, libraries
from shared.settings import Settings
from web import api, auth, errors, health, login, metrics, pages, security, thumbnails
from web.context import KEY

FORM_OVERHEAD = 1 << 20
"""Bytes that a form's other fields and the multipart framing may add to an upload."""


def create_app(ctx: Context | None = None) -> APIFlask:
    """The application, ready to be served. Without ``ctx`` it is wired from the environment.

    Raises:
        InvalidRequest: ``LOOKALIKE_REDIS_URL`` is not set, or another setting cannot be used.
    """
    ctx = ctx or wire(Settings.from_environment())
    app = APIFlask(__name__, title="Lookalike", version="1", docs_path=None, spec_path="/api/openapi.json",
                   json_errors=False)  # fmt: skip
    app.extensions[KEY] = ctx
    app.config.update(
        AUTO_SERVERS=False,  # the document is the same whoever asks
        BOOTSTRAP_SERVE_LOCAL=True,
        HTTP_ERROR_SCHEMA=errors.SCHEMA,
        MAX_CONTENT_LENGTH=ctx.settings.max_upload + FORM_OVERHEAD,
        VALIDATION_ERROR_SCHEMA=errors.SCHEMA,
    )
    Bootstrap5(app)
    errors.install(app)
    metrics.install(app, ctx)
    security.install(app, ctx.settings)
    auth.install(app, ctx)
    for part in (health, thumbnails, login, pages, api):
        part.install(app)
    return app


def wire(settings: Settings) -> Context:
    """Connect to the Redis that ``settings`` name and register the libraries.

    Raises InvalidRequest, also where others can reach the page and no password is set.
    """
    access.check_exposure(settings)
    if settings.redis_url is None:
        raise InvalidRequest(
            "The web page needs a Redis: set LOOKALIKE_REDIS_URL, or start everything with `lookalike up`."
        )
    ctx = connect(settings, settings.redis_url)
    data_format.admit(ctx)
    libraries.configure(ctx)
    return ctx
