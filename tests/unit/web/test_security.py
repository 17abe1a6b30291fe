"""A page of another site, in the same browser, can neither read from nor change anything here."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from shared.context import connect
from shared.domain.access import is_loopback
from shared.services.access import check_exposure
from shared.settings import InvalidSetting, Settings
from web.app import create_app

CHANGE = "/api/libraries"
"""A change that, once let in and without a body, is refused as 400: nothing needs to be looked up."""


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:5000", "127.0.0.1", "127.0.0.1:5000", "127.9.9.9", "[::1]:80"]
)
def test_loopback_names_are_answered(offline: FlaskClient, host: str) -> None:
    assert offline.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "192.168.1.2",
        "[",
        "a@localhost.x",
        " ",
    ],
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/api/scans", "/static/js/api.js", "/api/nothing"])
def test_a_rebound_name_is_misdirected(offline: FlaskClient, host: str, path: str) -> None:
    assert offline.get(path, headers={"Host": host}).status_code == 421


def test_names_that_are_allowed_are_answered(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, allowed_hosts=("Pictures.example",))
    client = create_app(connect(settings, "unix:///nobody.sock")).test_client()
    assert client.get("/healthz", headers={"Host": "pictures.EXAMPLE:8080"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "other.example"}).status_code == 421


@pytest.mark.parametrize(
    ("headers", "let_in"),
    [
        ({}, True),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "https://localhost"}, True),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "http://localhost:81"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_a_change_must_come_from_this_site(offline: FlaskClient, headers: dict[str, str], let_in: bool) -> None:
    answer = offline.post(CHANGE, headers=headers, data=b"{")
    assert answer.status_code == (400 if let_in else 403)
    if not let_in:
        assert answer.json["error"]["code"] == "foreign_origin"


def test_a_client_without_origin_that_shows_cookies_is_a_browser_and_kept_out(offline: FlaskClient) -> None:
    offline.set_cookie("session", "1")
    assert offline.post(CHANGE).status_code == 403


def test_every_answer_carries_the_headers_and_no_cors(client: FlaskClient) -> None:
    for path in (
        "/",
        "/find",
        "/trash",
        "/access",
        "/nothing",
        "/api/scans",
        "/api/nothing",
        "/static/js/api.js",
        "/healthz",
    ):
        with client.get(path, headers={"Origin": "http://evil.example"}) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not [name for name, _ in headers if name.startswith("Access-Control")]


def test_pages_hold_no_inline_script_or_style_and_no_foreign_address(client: FlaskClient) -> None:
    for path in ("/", "/find", "/trash", "/access", "/nothing"):
        text = client.get(path).get_data(as_text=True)
        assert " style=" not in text
        assert "<style" not in text
        assert "://" not in text
        assert text.count("<script") == text.count("<script src=") + text.count('<script type="module" src=')


def test_loopback_is_told_from_the_rest() -> None:
    assert all(is_loopback(name) for name in ("localhost", "127.0.0.1", "127.3.2.1", "::1"))
    assert not any(is_loopback(name) for name in ("::", "192.168.1.2", "example.org", ""))


def test_a_page_that_others_can_reach_needs_allowed_hosts_and_a_password() -> None:
    check_exposure(Settings())
    check_exposure(Settings(host="::1", allowed_hosts=("localhost",)))
    check_exposure(Settings(host="0.0.0.0", allowed_hosts=("pictures.example",), password="open sesame"))  # noqa: S104 - what is tested
    with pytest.raises(InvalidSetting, match="LOOKALIKE_ALLOWED_HOSTS"):
        check_exposure(Settings(host="0.0.0.0", password="open sesame"))  # noqa: S104 - what is tested
    for host, name in (("0.0.0.0", "localhost"), ("127.0.0.1", "pictures.example")):  # noqa: S104 - what is tested
        with pytest.raises(InvalidSetting, match="LOOKALIKE_PASSWORD"):
            check_exposure(Settings(host=host, allowed_hosts=(name,)))
