"""Who may ask for what: the Host header, the origin of a change, and the headers that confine the pages.

The threat is a page of another site in the same browser, since that browser reaches 127.0.0.1 too.

* Host: it must be loopback or in ``LOOKALIKE_ALLOWED_HOSTS``. This defeats DNS rebinding, where a foreign
  name is made to resolve to 127.0.0.1 and the browser takes the page for that site's own.
* Changes (any method but GET, HEAD, OPTIONS): browsers send ``Origin`` with each of them, and it must name
  this host. ``Origin: null`` (sandboxed frames, local files) is foreign. Where ``Origin`` is missing,
  ``Sec-Fetch-Site``, which no page can forge, must be ``same-origin`` or ``none``; where that is missing too,
  the client is no browser of today (curl, a script) and cannot be driven by a page, so it is let in, unless
  it shows cookies as a browser would. The scheme is not compared: behind a TLS proxy it is not known.
* Reads: no CORS header is ever sent, and ``Cross-Origin-Resource-Policy`` keeps other sites from showing
  thumbnails. The policy of the pages allows no inline script or style, no frame, and no foreign address.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from apiflask import APIFlask
from flask import Response, request

from shared.domain.access import is_loopback
from shared.domain.errors import Forbidden
from shared.settings import Settings
from web.errors import UnknownHost

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Bootstrap's style sheet carries its small icons as data: images; blob: shows an upload before it is sent.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def install(app: APIFlask, settings: Settings) -> None:
    """Guard every request to ``app``, its unknown addresses included."""

    @app.before_request
    def guard() -> None:
        _check_host(settings)
        if request.method not in SAFE_METHODS:
            _check_origin()

    app.after_request(_add_headers)


def _hostname(host: str) -> str:
    """The name in a Host header, without its port; empty where it makes no sense."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _check_host(settings: Settings) -> None:
    hostname = _hostname(request.headers.get("Host", ""))
    allowed = {name.lower() for name in settings.allowed_hosts}
    if not is_loopback(hostname) and hostname not in allowed:
        raise UnknownHost(
            "Lookalike does not answer to this host name. Open it as http://127.0.0.1, or add the name to "
            "LOOKALIKE_ALLOWED_HOSTS."
        )


def _check_origin() -> None:
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    if origin is not None:
        trusted = urlsplit(origin).netloc == request.headers["Host"]
    elif site is not None:
        trusted = site in ("same-origin", "none")
    else:
        trusted = not request.cookies
    if not trusted:
        raise Forbidden("This change was asked for by another site, and refused.", code="foreign_origin")


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
