"""Who may do what: nothing is shown without the password, nothing is changed without the scope for it."""

from __future__ import annotations

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shared.context import Context
from shared.domain.access import Scope
from shared.domain.errors import Unavailable
from shared.services import access
from shared.store import keys
from tests.unit.web.conftest import PASSWORD, Changed
from web import auth
from web.session_key import derive

OURS = {"Origin": "http://localhost"}
"""What a browser adds to a change that our own page asks for."""


def field(page: TestResponse, name: str = "csrf_token") -> str:
    found = re.search(rf'name="{name}" (?:content|value)="([^"]*)"', page.get_data(as_text=True))
    assert found is not None, f"the page has no {name}"
    return found[1]


def sign_in(client: FlaskClient, password: str = PASSWORD, **form: str) -> TestResponse:
    token = field(client.get("/login"))
    return client.post("/login", data={"password": password, "csrf_token": token, **form}, headers=OURS)


def every_address(client: FlaskClient) -> list[tuple[str, str]]:
    return [
        (method, re.sub(r"<(\w+:)?\w+>", "1", rule.rule))
        for rule in client.application.url_map.iter_rules()
        if rule.endpoint not in auth.OPEN
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]


def test_nothing_answers_someone_unknown(guarded: FlaskClient) -> None:
    addresses = every_address(guarded)
    assert len(addresses) > 25
    for method, path in [*addresses, ("GET", "/api/nothing"), ("POST", "/nothing")]:
        answer = guarded.open(path, method=method)
        if answer.status_code == 302:
            assert answer.location.startswith("/login?next=")
        else:
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_only_what_tells_nothing_is_open(guarded: FlaskClient) -> None:
    for path in ("/healthz", "/readyz", "/login", "/static/css/lookalike.css"):
        with guarded.get(path) as answer:
            assert answer.status_code == 200
    assert "top-links" not in guarded.get("/login").get_data(as_text=True)


def test_without_a_password_loopback_needs_no_sign_in(client: FlaskClient) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/login").location == "/"
    assert client.post("/login").location == "/"
    assert "Sign out" not in client.get("/").get_data(as_text=True)


def test_a_reachable_page_without_a_password_lets_nobody_in(with_settings: Changed) -> None:
    exposed = with_settings(host="192.0.2.1", allowed_hosts=("pictures.example",))
    assert exposed.get("/api/scans").status_code == 401


def test_the_password_signs_in_and_leads_back(guarded: FlaskClient) -> None:
    turned_away = guarded.get("/trash?x=1")
    assert turned_away.location == "/login?next=/trash?x%3D1"
    wanted = field(guarded.get(turned_away.location), "next")
    answer = sign_in(guarded, next=wanted)
    assert (answer.status_code, answer.location) == (303, "/trash?x=1")
    assert "Sign out" in guarded.get(answer.location).get_data(as_text=True)


@pytest.mark.parametrize(
    "foreign",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "evil",
     "/\t/evil.example", "///evil.example", "/\n/evil", ""],
)  # fmt: skip
def test_signing_in_never_leads_to_another_site(guarded: FlaskClient, foreign: str) -> None:
    assert sign_in(guarded, next=foreign).location == "/"


def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http(guarded: FlaskClient) -> None:
    cookie = sign_in(guarded).headers["Set-Cookie"]
    for attribute in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Expires="):
        assert attribute in cookie
    assert "Domain=" not in cookie


def test_plain_http_is_there_for_those_who_ask_for_it(with_settings: Changed) -> None:
    cookie = sign_in(with_settings(password=PASSWORD, plain_http=True)).headers["Set-Cookie"]
    assert "Secure" not in cookie
    assert "HttpOnly" in cookie


@pytest.mark.parametrize("wrong", ["", "open sesam", "open sesame ", "Open sesame", "\udcff", "x" * 10_000])
def test_another_password_is_refused(guarded: FlaskClient, wrong: str) -> None:
    token = field(guarded.get("/login"))
    data = f"csrf_token={token}&password={quote(os.fsencode(wrong))}"
    answer = guarded.post("/login", data=data, content_type="application/x-www-form-urlencoded", headers=OURS)
    assert "This is not the password" in answer.get_data(as_text=True)
    assert answer.status_code == 403
    assert guarded.get("/api/scans").status_code == 401


def test_a_session_from_before_signing_in_is_not_carried_over(guarded: FlaskClient) -> None:
    before = field(guarded.get("/login"))
    sign_in(guarded)
    headers = {**OURS, auth.CSRF_HEADER: before}
    assert guarded.post("/api/scans", json={"folders": []}, headers=headers).json["error"]["code"] == "stale_page"


def test_signing_in_takes_a_form_of_this_page(guarded: FlaskClient) -> None:
    answer = guarded.post("/login", data={"password": PASSWORD})
    assert answer.status_code == 400
    assert "cookie" in answer.get_data(as_text=True)


def test_a_change_by_cookie_needs_the_token_of_the_page(guarded: FlaskClient) -> None:
    sign_in(guarded)
    body = {"name": "script", "scope": "read"}
    for given in ({}, {auth.CSRF_HEADER: "wrong"}, {auth.CSRF_HEADER: ""}):
        answer = guarded.post("/api/tokens", json=body, headers=OURS | given)
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "stale_page")
    given = {auth.CSRF_HEADER: field(guarded.get("/"), "csrf-token")}
    assert guarded.post("/api/tokens", json=body, headers=OURS | given).status_code == 201
    foreign = guarded.post("/api/tokens", json=body, headers=given | {"Origin": "http://evil.example"})
    assert foreign.json["error"]["code"] == "foreign_origin"


def test_signing_out_ends_the_session_for_a_copy_of_the_cookie_too(guarded: FlaskClient) -> None:
    sign_in(guarded)
    token = field(guarded.get("/"), "csrf-token")
    cookie = guarded.get_cookie("lookalike_session")
    assert cookie is not None
    assert guarded.post("/logout", headers=OURS).status_code == 403
    assert guarded.post("/logout", data={"csrf_token": token}, headers=OURS).location == "/login"
    assert guarded.get("/api/scans").status_code == 401
    guarded.set_cookie("lookalike_session", cookie.value)
    assert guarded.get("/api/scans").status_code == 401


def test_another_password_signs_everybody_out(guarded: FlaskClient, with_settings: Changed) -> None:
    sign_in(guarded)
    cookie = guarded.get_cookie("lookalike_session")
    assert cookie is not None
    same, other = with_settings(password=PASSWORD), with_settings(password="another")
    for client, status in ((same, 200), (other, 401)):
        client.set_cookie("lookalike_session", cookie.value)
        assert client.get("/api/scans").status_code == status


def test_a_session_ends_by_itself(guarded: FlaskClient, ctx: Context) -> None:
    sign_in(guarded)
    (key,) = ctx.redis.scan_iter(keys.session("*"))
    assert 0 < int(ctx.redis.ttl(key)) <= access.SESSION_S  # type: ignore[arg-type]  # redis-py's sync or async
    ctx.redis.delete(key)
    assert guarded.get("/api/scans").status_code == 401


def test_neither_redis_nor_the_key_tells_a_secret(guarded: FlaskClient, ctx: Context) -> None:
    sign_in(guarded)
    _, text = access.make_token(ctx, "script", Scope.READ)
    with guarded.session_transaction() as session:
        secrets = (session["secret"], text.rpartition("_")[2], PASSWORD)
    (opened,) = ctx.redis.scan_iter(keys.session("*"))
    kept = repr((opened, ctx.redis.hgetall(keys.TOKENS)))
    assert not [secret for secret in secrets if secret in kept]
    file = ctx.layout.session_key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_guessing_is_slowed_down_by_address(guarded: FlaskClient) -> None:
    statuses = [sign_in(guarded, "wrong").status_code for _ in range(6)]
    assert statuses == [403] * 5 + [429]
    refused = sign_in(guarded)
    assert refused.status_code == 429  # the right password too, else the limit would tell it
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    guarded.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert sign_in(guarded).status_code == 303


def test_an_ipv6_site_cannot_change_its_address_to_guess_on(guarded: FlaskClient) -> None:
    for n in range(5):
        guarded.environ_base["REMOTE_ADDR"] = f"2001:db8::{n}"
        assert sign_in(guarded, "wrong").status_code == 403
    guarded.environ_base["REMOTE_ADDR"] = "2001:db8::ffff:1"
    assert sign_in(guarded).status_code == 429


def test_who_signs_in_is_not_counted_against_the_limit(guarded: FlaskClient) -> None:
    for _ in range(8):
        assert sign_in(guarded).status_code == 303
        guarded.delete_cookie("lookalike_session")


def test_read_only_takes_every_change_away(with_settings: Changed) -> None:
    closed = with_settings(read_only=True)
    changes = [(method, path) for method, path in every_address(closed) if method != "GET" and path != "/logout"]
    changes.remove(("POST", "/api/check"))  # a question
    assert len(changes) >= 9
    for method, path in changes:
        answer = closed.open(path, method=method, json={})
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "read_only"), (method, path)
    assert 'class="read-only"' in closed.get("/").get_data(as_text=True)


def test_read_only_still_lets_people_sign_in_and_out(with_settings: Changed) -> None:
    closed = with_settings(read_only=True, password=PASSWORD)
    assert sign_in(closed).status_code == 303
    token = field(closed.get("/"), "csrf-token")
    assert closed.post("/logout", data={"csrf_token": token}, headers=OURS).status_code == 303


def test_the_signing_key_is_one_for_all_processes(ctx: Context, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: derive(tmp_path / "new" / "key", PASSWORD), range(32)))
    assert len(made) == 1
    assert os.listdir(tmp_path / "new") == ["key"]  # noqa: PTH208  # the name alone is wanted


def test_a_signing_key_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(Unavailable, match="LOOKALIKE_DATA"):
        derive(tmp_path / "file" / "key", PASSWORD)
