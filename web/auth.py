"""Who asks, and may they: browsers that have signed in, API tokens, and the read-only mode.

Invariant: nothing but what OPEN lists is answered to someone unknown; a change needs the scope ``write``.

* Without a password (loopback only, see ``shared.services.access``) whoever reaches the page may do all.
  Nothing in such a request is a credential that a foreign page could ride on; it is kept out by its Host and
  its Origin (see ``web.security``).
* A browser that has signed in holds a signed cookie (HttpOnly, SameSite=Strict, Secure) with a secret that
  Redis knows until it signs out. Since browsers send cookies by themselves, each change must also carry a token
  that only our own pages can read (Flask-WTF), beside the check of its Origin.
* A program sends ``Authorization: Bearer <token>``, which no browser sends by itself. A token that is shown is
  the one that counts, also where there is a cookie or no password.
"""

from __future__ import annotations

from dataclasses import dataclass

from apiflask import APIFlask
from flask import Request, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import csrf_meta_tag, generate_csrf, validate_csrf
from wtforms import ValidationError

from shared.context import Context
from shared.domain.access import Scope
from shared.domain.errors import Forbidden
from shared.services import access
from web import session_key
from web.attempts import Attempts
from web.context import context
from web.errors import Unauthorized
from web.security import SAFE_METHODS

OPEN = frozenset({"static", "bootstrap.static", "health.healthz", "health.readyz", "login.page", "login.sign_in"})
"""Endpoints that answer anyone; they tell nothing."""
SIGNING = frozenset({"login.sign_in", "login.sign_out"})
"""Changes of who is signed in, which read-only leaves alone."""
QUESTIONS = frozenset({"checks.check"})
"""What is sent by POST because it carries a file, and changes nothing: allowed to whoever may read."""
CSRF_HEADER = "X-CSRF-Token"
SECRET = "secret"  # noqa: S105 - the name of a field
ATTEMPTS = "lookalike-attempts"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``person``: someone at a page, and no program with a token; ``cookie``: known by a cookie."""

    scope: Scope
    person: bool
    cookie: bool


NOBODY_ELSE = Caller(Scope.WRITE, person=True, cookie=False)
SIGNED_IN = Caller(Scope.WRITE, person=True, cookie=True)


def install(app: APIFlask, ctx: Context) -> None:
    """Ask for the caller of every request to ``app``, its unknown addresses included."""
    settings = ctx.settings
    if settings.password is not None:
        app.secret_key = session_key.derive(ctx.layout.session_key, settings.password)
    app.config.update(
        PERMANENT_SESSION_LIFETIME=access.SESSION_S,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_NAME="lookalike_session",
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=not settings.plain_http,
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    app.extensions[ATTEMPTS] = Attempts(ctx)
    app.before_request(_admit)
    app.context_processor(_for_pages)


def caller() -> Caller | None:
    """Who asks; None for someone unknown, and before that was looked up."""
    found: Caller | None = g.get("caller")
    return found


def check_person() -> None:
    """Raises Forbidden for a program: a token must not be able to make others that outlive it."""
    who = caller()
    if who is None or not who.person:
        raise Forbidden(
            "API tokens are made and revoked by people: on the page “Access”, or with `lookalike token`.",
            code="needs_sign_in",
        )


def has_csrf_token(given: str | None) -> bool:
    """Whether this is the token that our pages were given for this session."""
    try:
        validate_csrf(given)
    except ValidationError:
        return False
    return True


def _admit() -> ResponseReturnValue | None:
    who = g.caller = _identify(context(), request)
    if who is None and request.endpoint not in OPEN:
        return _turn_away()
    if request.method not in SAFE_METHODS:
        _check_change(who)
    return None


def _identify(ctx: Context, asked: Request) -> Caller | None:
    authorization = asked.authorization
    if authorization is not None and authorization.type == "bearer":
        token = access.token(ctx, authorization.token or "")
        return None if token is None else Caller(token.scope, person=False, cookie=False)
    if access.is_open(ctx.settings):
        return NOBODY_ELSE
    secret = session.get(SECRET)
    return SIGNED_IN if isinstance(secret, str) and access.is_signed_in(ctx, secret) else None


def _turn_away() -> ResponseReturnValue:
    """People get the page to sign in on, programs a 401."""
    if request.method == "GET" and request.blueprint == "pages":
        return redirect(url_for("login.page", next=request.full_path.removesuffix("?")))
    raise Unauthorized("Sign in first. A program sends an API token: Authorization: Bearer lookalike_….")


def _check_change(who: Caller | None) -> None:
    """Raises Forbidden. The page to sign in on, where nobody is known yet, checks its own form."""
    question = request.endpoint in QUESTIONS
    if request.endpoint not in SIGNING and not question:
        access.check_changes(context().settings)
    if who is None:
        return
    if who.scope is not Scope.WRITE and not question:
        raise Forbidden("This API token may only read. Make one with the scope write.", code="needs_write")
    if who.cookie and not has_csrf_token(request.headers.get(CSRF_HEADER) or request.form.get("csrf_token")):
        raise Forbidden("This page has grown old. Load it again, then repeat what you did.", code="stale_page")


def _for_pages() -> dict[str, object]:
    return {
        "caller": caller(),
        "csrf_meta_tag": csrf_meta_tag,
        "csrf_token": generate_csrf,
        "read_only": context().settings.read_only,
    }
