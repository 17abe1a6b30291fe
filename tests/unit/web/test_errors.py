"""Every error has one shape for programs and a page for people, and tells nothing of the inside."""

from __future__ import annotations

from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from shared.context import Context, connect
from shared.domain.errors import Conflict, InvalidRequest, LookalikeError, NotFound, OutsideLibrary, Unavailable
from shared.settings import Settings
from web.app import create_app
from web.errors import Forbidden, UnknownHost


def is_the_shape(body: object) -> bool:
    return (
        isinstance(body, dict)
        and list(body) == ["error"]
        and sorted(body["error"]) == ["code", "message"]
        and all(isinstance(value, str) and value for value in body["error"].values())
    )


def check(client: FlaskClient, method: str, path: str, body: bytes | None, status: int, code: str) -> None:
    answer = client.open(path, method=method, data=body, content_type="application/json" if body else None)
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert is_the_shape(answer.json)
    assert answer.json["error"]["code"] == code


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/nothing-here", None, 404, "not_found"),
        ("DELETE", "/api/scans", None, 405, "method_not_allowed"),
        ("GET", "/api/libraries/none/folders?path_b64=%25", None, 422, "invalid_request"),
        ("POST", "/api/scans", b"{", 400, "invalid_request"),
        ("POST", "/api/scans", b"[]", 422, "invalid_request"),
        ("POST", "/api/scans", b'{"folders": "all"}', 422, "invalid_request"),
        ("POST", "/api/scans", b'{"folders": [], "preset": "magic"}', 422, "invalid_request"),
        ("POST", "/api/scans", b'{"folders": [], "surprise": 1}', 422, "invalid_request"),
        ("POST", "/api/scans", b'{"folders": []}', 400, "invalid_request"),
        ("POST", "/api/scans", b'{"folders": [{"library": "a"}], "threshold": 1.5}', 400, "invalid_threshold"),
        ("POST", "/api/scans", b'{"folders": [{"library": "a"}], "threshold": NaN}', 400, "invalid_threshold"),
        ("POST", "/api/scans", b'{"folders": [{"library": "a"}], "max_distance": 65}', 400, "invalid_distance"),
        ("POST", "/api/scans", b'{"folders": [{"library": "a"}], "model": "/etc/passwd"}', 400, "unknown_model"),
        ("POST", "/api/scans", b'{"folders": [{"library": "a"}], "weights": "../x.h5"}', 400, "unknown_weights"),
        ("POST", "/api/searches", b"", 422, "invalid_request"),
        ("POST", "/api/scans", rb'{"folders": [{"library": "\ud800"}]}', 422, "invalid_request"),
        ("POST", "/api/scans", rb'{"folders": [], "model": "\ud800"}', 422, "invalid_request"),
        ("POST", "/api/batches", rb'{"scan": "\ud800", "images": ["a"]}', 422, "invalid_request"),
        ("POST", "/api/batches", b'{"scan": "none"}', 422, "invalid_request"),
    ],
)
def test_what_makes_no_sense_is_refused_in_the_one_shape(
    offline: FlaskClient, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    check(offline, method, path, body, status, code)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/scans/none", None, 404, "no_such_scan"),
        ("GET", "/api/scans/none/result", None, 404, "no_such_scan"),
        ("GET", "/api/scans/none/groups", None, 404, "no_such_scan"),
        ("GET", "/api/scans/none/groups?limit=0", None, 422, "invalid_request"),
        ("GET", "/api/scans/none/groups?limit=many", None, 422, "invalid_request"),
        ("POST", "/api/scans", b'{"folders": [{"library": "a"}]}', 404, "no_such_library"),
    ],
)
def test_what_is_not_there_is_said_in_the_one_shape(
    client: FlaskClient, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    check(client, method, path, body, status, code)


def test_a_refused_field_is_named_in_the_message(offline: FlaskClient) -> None:
    answer = offline.post("/api/scans", json={"folders": [], "threshold": "high"})
    assert "threshold" in answer.json["error"]["message"]


def test_a_405_names_the_methods_that_are_allowed(offline: FlaskClient) -> None:
    assert "POST" in offline.delete("/api/scans").headers["Allow"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequest("x"), 400),
        (InvalidRequest("x", code="upload_too_large"), 413),
        (Forbidden("x"), 403),
        (OutsideLibrary("x"), 403),
        (NotFound("x"), 404),
        (Conflict("x"), 409),
        (UnknownHost("x"), 421),
        (Unavailable("x"), 503),
        (LookalikeError("x"), 500),
    ],
)
def test_each_error_of_ours_has_its_status(settings: Settings, error: LookalikeError, status: int) -> None:
    def fail() -> None:
        raise error

    app = create_app(connect(settings, "unix:///nobody.sock"))
    app.add_url_rule("/api/failing", view_func=fail)
    answer = app.test_client().get("/api/failing")
    assert (answer.status_code, answer.json["error"]["code"]) == (status, error.code)


def test_an_unexpected_error_shows_no_trace(app: APIFlask) -> None:
    def fail() -> None:
        raise RuntimeError("secret inside")

    app.add_url_rule("/api/broken", view_func=fail)
    app.add_url_rule("/broken", view_func=fail, endpoint="page")
    for path in ("/api/broken", "/broken"):
        answer = app.test_client().get(path)
        assert answer.status_code == 500
        assert "secret" not in answer.get_data(as_text=True)
        assert "Traceback" not in answer.get_data(as_text=True)


def test_people_get_a_page(client: FlaskClient) -> None:
    for path in ("/nothing-here", "/scans/none", "/thumbnails/none/none/320"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.mimetype == "text/html"
        assert "Back to the start" in answer.get_data(as_text=True)


def test_a_lost_redis_is_503_and_the_process_stays_healthy(tmp_path: Path) -> None:
    client = create_app(connect(Settings(data=tmp_path), f"unix://{tmp_path}/nobody.sock")).test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.get("/").status_code == 503
    answer = client.get("/api/scans")
    assert answer.status_code == 503
    assert is_the_shape(answer.json)


def test_ready_when_redis_answers(client: FlaskClient) -> None:
    assert client.get("/readyz").status_code == 200


def test_a_body_above_the_limit_is_413_with_the_limit_in_the_message(ctx: Context) -> None:
    small = Context(Settings(data=ctx.settings.data, max_upload=1 << 20), ctx.redis, ctx.celery, ctx.layout)
    client = create_app(small).test_client()
    answer = client.post("/api/searches", data=bytes(3 << 20), content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413
    assert is_the_shape(answer.json)
    assert "MiB" in answer.json["error"]["message"]
