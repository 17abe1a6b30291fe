"""An application on a real Redis, its client, and a gallery with a finished scan and search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from shared.context import Context, connect
from shared.settings import Settings
from tests import gallery
from tests.gallery import Gallery
from web.app import create_app


@pytest.fixture
def app(ctx: Context) -> APIFlask:
    return create_app(ctx)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    """A client that is no browser: it sends neither Origin nor Sec-Fetch-Site."""
    return app.test_client()


@pytest.fixture
def offline(settings: Settings) -> FlaskClient:
    """A client of an application whose Redis is not there: for what is answered before anything is looked up."""
    return create_app(connect(settings, f"unix://{settings.data}/nobody.sock")).test_client()


Changed = Callable[..., FlaskClient]
PASSWORD = "open sesame"


@pytest.fixture
def with_settings(ctx: Context) -> Changed:
    """Clients of applications on this test's Redis and data folder, with other settings."""

    def make(**changes: object) -> FlaskClient:
        settings = Settings(data=ctx.settings.data, **changes)  # type: ignore[arg-type]  # a field's own type each
        return create_app(Context(settings, ctx.redis, ctx.celery, ctx.layout)).test_client()

    return make


@pytest.fixture
def guarded(with_settings: Changed) -> FlaskClient:
    """A client of an application with a password, not signed in."""
    return with_settings(password=PASSWORD)


@pytest.fixture
def shown(ctx: Context, tmp_path: Path) -> Gallery:
    return gallery.make(ctx, tmp_path / "pictures")
