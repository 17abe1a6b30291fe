"""Sign in, sign out, and the page of API tokens.

Invariant: what a browser is sent on to after it has signed in is an address of this site.
"""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from apiflask import APIBlueprint, APIFlask
from flask import current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from shared.services import access
from web.attempts import Attempts
from web.auth import ATTEMPTS, SECRET, caller, has_csrf_token
from web.context import context

blueprint = APIBlueprint("login", __name__, enable_openapi=False)


def install(app: APIFlask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("/login")
def page() -> ResponseReturnValue:
    """Ask for the password; who needs none is sent on."""
    return _onward() if caller() is not None or access.is_open(context().settings) else _form()


@blueprint.post("/login")
def sign_in() -> ResponseReturnValue:
    """Take the password, and start a session that no one else has seen."""
    ctx, address = context(), request.remote_addr or ""
    if access.is_open(ctx.settings):
        return _onward()
    if not has_csrf_token(request.form.get("csrf_token")):
        return _form(
            "Your browser has kept no cookie. Open this page over HTTPS, or on the machine it runs on; for plain "
            "HTTP in a network that you trust, set LOOKALIKE_PLAIN_HTTP=1. Or it was only open for long: try again.",
            400,
        )
    attempts = cast(Attempts, current_app.extensions[ATTEMPTS])
    if wait_s := attempts.count(address):
        return _form(f"Too many attempts. Try again in {_span(wait_s)}.", 429, {"Retry-After": str(wait_s)})
    if not access.is_password(ctx.settings, request.form.get("password", "")):
        current_app.logger.warning("sign-in refused from %s", address)
        return _form("This is not the password.", 403)
    attempts.forget(address)
    session.clear()
    session.permanent = True
    session[SECRET] = access.open_session(ctx)
    return _onward()


@blueprint.post("/logout")
def sign_out() -> ResponseReturnValue:
    """End the session, also for a copy of its cookie."""
    if secret := session.pop(SECRET, None):
        access.close_session(context(), secret)
        session.clear()
    return redirect(url_for("login.page"), 303)


def _form(message: str = "", status: int = 200, headers: dict[str, str] | None = None) -> ResponseReturnValue:
    return render_template("login.html", message=message, next=_next()), status, headers or {}


def _onward() -> ResponseReturnValue:
    return redirect(_next(), 303)


def _next() -> str:
    """The address that was asked for at first, where it is one of this site; else the start page."""
    wanted = request.values.get("next", "")
    parts = urlsplit(wanted)
    # a browser takes // and \\ for the beginning of another host
    inside = wanted.startswith("/") and wanted[1:2] not in ("/", "\\") and not parts.netloc and wanted.isprintable()
    return wanted if inside else url_for("pages.start")


def _span(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{round(seconds / 60)} minutes"
