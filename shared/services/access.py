"""Sign in, API tokens, and what may be served to whom.

Invariant: the secret of a token or a session is told once, to the one who made it; what is kept is its SHA-256.
Secrets are 256 random bits, so that a plain digest cannot be searched for its secret (a password could).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time

from shared.context import Context
from shared.domain.access import Scope, Token, is_loopback
from shared.domain.errors import Forbidden, InvalidRequest, NotFound
from shared.settings import InvalidSetting, Settings
from shared.store import access as store

SESSION_S = 14 * 24 * 3600
"""How long a browser stays signed in."""
LONGEST_NAME = 100
_TOKEN = re.compile(r"lookalike_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


def is_exposed(settings: Settings) -> bool:
    """Whether other machines may reach the page: by the address it listens on, or by a name it answers to."""
    return not all(is_loopback(name) for name in (settings.host, *settings.allowed_hosts))


def is_open(settings: Settings) -> bool:
    """Whether the page asks for no password: only where none is set and no other machine can reach it."""
    return settings.password is None and not is_exposed(settings)


def check_exposure(settings: Settings) -> None:
    """Raises InvalidSetting where other machines can reach a page that has no password or no host name."""
    if not is_loopback(settings.host) and not settings.allowed_hosts:
        raise InvalidSetting(
            f"LOOKALIKE_HOST={settings.host} can be reached from other machines. Set LOOKALIKE_ALLOWED_HOSTS to the "
            "host names people will use, separated by commas, or leave LOOKALIKE_HOST at 127.0.0.1."
        )
    if is_exposed(settings) and settings.password is None:
        raise InvalidSetting(
            "Other machines can reach this page, and whoever reaches it may delete images. Set LOOKALIKE_PASSWORD "
            "(or LOOKALIKE_PASSWORD_FILE), or keep LOOKALIKE_HOST and LOOKALIKE_ALLOWED_HOSTS on loopback."
        )


def check_changes(settings: Settings) -> None:
    """Raises Forbidden (code ``read_only``) where nothing may be changed."""
    if settings.read_only:
        raise Forbidden(
            "This Lookalike is read-only: nothing is scanned, deleted or restored. LOOKALIKE_READ_ONLY=0 allows it.",
            code="read_only",
        )


def is_password(settings: Settings, given: str) -> bool:
    """Whether this is the password; takes the same time whatever is given."""
    if settings.password is None:
        return False
    return hmac.compare_digest(_digest(given), _digest(settings.password))


def make_token(ctx: Context, name: str, scope: Scope) -> tuple[Token, str]:
    """A new API token, and its text, which is told this once. Raises InvalidRequest for a name of no use."""
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidRequest(
            f"Give the token a name of 1 to {LONGEST_NAME} characters, such as what it is for.", code="invalid_name"
        )
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    token = Token(token_id, name, scope, time.time(), _digest(secret))
    store.put(ctx.redis, token)
    return token, f"lookalike_{token_id}_{secret}"


def token(ctx: Context, text: str) -> Token | None:
    """The token whose text this is; None where there is none, or it was revoked."""
    found = _TOKEN.fullmatch(text)
    known = None if found is None else store.get(ctx.redis, found[1])
    if found is None or known is None or not hmac.compare_digest(_digest(found[2]), known.digest):
        return None
    return known


def tokens(ctx: Context) -> list[Token]:
    """All tokens, the oldest first."""
    return store.listed(ctx.redis)


def revoke_token(ctx: Context, token_id: str) -> None:
    """From now on this token is worth nothing. Raises NotFound."""
    if not store.remove(ctx.redis, token_id):
        raise NotFound("There is no such token. It may have been revoked.", code="no_such_token")


def open_session(ctx: Context) -> str:
    """Sign a browser in for SESSION_S; returns the secret that it keeps."""
    secret = secrets.token_urlsafe(32)
    store.open_session(ctx.redis, _digest(secret), SESSION_S)
    return secret


def is_signed_in(ctx: Context, secret: str) -> bool:
    return store.is_open(ctx.redis, _digest(secret))


def close_session(ctx: Context, secret: str) -> None:
    """Sign a browser out: a copy of its cookie is worth nothing either."""
    store.close_session(ctx.redis, _digest(secret))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
