"""Every error as people and programs see it: one JSON shape under /api, a page elsewhere, never a stack trace.

The shape is ``{"error": {"code": "…", "message": "…"}}``: the code is stable, the message says what to do.
"""

from __future__ import annotations

from typing import Any

import redis
from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, current_app, jsonify, make_response, render_template, request
from kombu.exceptions import OperationalError
from werkzeug.exceptions import HTTPException

from shared.domain.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    LookalikeError,
    NotFound,
    OutsideLibrary,
    Unavailable,
    UnreadableImage,
)


class Unauthorized(LookalikeError):
    """Who asks is not known."""

    code = "unauthorized"


class UnknownHost(LookalikeError):
    """The request names a host that this server does not answer to."""

    code = "unknown_host"


STATUS: dict[type[LookalikeError], int] = {
    InvalidRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    OutsideLibrary: 403,
    NotFound: 404,
    Conflict: 409,
    UnknownHost: 421,
    UnreadableImage: 422,
    Unavailable: 503,
    LookalikeError: 500,
}

MESSAGES: dict[int, tuple[str, str]] = {
    400: ("invalid_request", "The request cannot be understood."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take such a request."),
    413: ("too_large", "What was sent is too large."),
    415: ("invalid_request", "The body must be JSON, with the header Content-Type: application/json."),
    500: ("internal", "Something went wrong inside Lookalike. Its log says more; please try again."),
}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}


def install(app: APIFlask) -> None:
    """Answer every error of ``app`` in this module's way."""
    app.register_error_handler(LookalikeError, _ours)
    app.register_error_handler(HTTPError, _invalid)
    app.register_error_handler(HTTPException, _http)
    for lost in (redis.ConnectionError, redis.TimeoutError, OperationalError):
        app.register_error_handler(lost, _no_redis)
    app.register_error_handler(redis.ResponseError, _refused_by_redis)


def _ours(error: LookalikeError) -> Response:
    if error.code == "upload_too_large":
        return _answer(413, error.code, error.message)
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    response = _answer(status, error.code, error.message)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _invalid(error: HTTPError) -> Response:
    """A body, form or query that its schema refuses; the message names each field."""
    fields = [f"{name}: {', '.join(messages)}" for place in error.detail.values() for name, messages in place.items()]
    return _answer(error.status_code, "invalid_request", "; ".join(fields) or str(error.message))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    code, message = MESSAGES.get(status, ("http_error", error.name))
    if status == 413:
        message = f"What was sent is larger than {_mebibytes()} MiB. Choose a smaller image."
    response = _answer(status, code, message)
    for name, value in error.get_headers():
        if name in ("Allow", "Location"):
            response.headers[name] = value
    return response


def _mebibytes() -> int:
    return int(current_app.config["MAX_CONTENT_LENGTH"]) >> 20


def _refused_by_redis(error: redis.ResponseError) -> Response:
    """Redis takes no change while its disk is full or its memory is used up. Raises any other error again."""
    if not isinstance(error, redis.exceptions.OutOfMemoryError) and "MISCONF" not in str(error):
        raise error
    current_app.logger.error("Redis takes no change: %s", error)
    message = "Lookalike's store (Redis) cannot keep anything: its disk or its memory is full. Make room and try again."
    return _answer(503, "unavailable", message)


def _no_redis(error: Exception) -> Response:
    current_app.logger.warning("Redis does not answer: %s", error)
    message = "Lookalike's store (Redis) does not answer. It may be starting; try again in a moment."
    return _answer(503, "unavailable", message)


def _answer(status: int, code: str, message: str) -> Response:
    if request.path.startswith("/api/"):
        response = jsonify(error={"code": code, "message": message})
    else:
        response = make_response(render_template("error.html", status=status, message=message))
    response.status_code = status
    return response
