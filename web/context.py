"""The Context of the application that answers the current request."""

from __future__ import annotations

from typing import cast

from flask import current_app

from shared.context import Context

KEY = "lookalike"


def context() -> Context:
    """What ``create_app`` was given or wired."""
    return cast(Context, current_app.extensions[KEY])
