"""API tokens: a program may do what its token says, and no longer than until it is revoked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from shared.context import Context
from shared.domain.access import Scope
from shared.services import access


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_token_reads_and_only_one_with_the_scope_writes(guarded: FlaskClient, ctx: Context) -> None:
    texts = {scope: access.make_token(ctx, scope, scope)[1] for scope in Scope}
    for text in texts.values():
        assert guarded.get("/api/scans", headers=bearer(text)).status_code == 200
    reading, writing = (guarded.post("/api/scans", json={"folders": []}, headers=bearer(t)) for t in texts.values())
    assert (reading.status_code, reading.json["error"]["code"]) == (403, "needs_write")
    assert writing.status_code == 400  # let in; there is no folder to scan


def test_a_token_counts_on_an_open_page_too(client: FlaskClient, ctx: Context) -> None:
    _, text = access.make_token(ctx, "reader", Scope.READ)
    assert client.post("/api/scans", json={}, headers=bearer(text)).json["error"]["code"] == "needs_write"
    assert client.get("/api/scans", headers=bearer("made up")).status_code == 401


@pytest.mark.parametrize(
    "change", [str.upper, lambda t: t[:-1], lambda t: t + "A", lambda t: t[:-1] + "*", lambda _: ""]
)
def test_what_is_not_quite_a_token_is_none(guarded: FlaskClient, ctx: Context, change: Callable[[str], str]) -> None:
    _, text = access.make_token(ctx, "script", Scope.WRITE)
    assert guarded.get("/api/scans", headers=bearer(change(text))).status_code == 401


def test_a_revoked_token_is_worth_nothing_at_once(client: FlaskClient, guarded: FlaskClient) -> None:
    made = client.post("/api/tokens", json={"name": " nightly ", "scope": "read"}).json
    assert (made["name"], made["scope"]) == ("nightly", "read")
    assert guarded.get("/api/scans", headers=bearer(made["token"])).status_code == 200
    assert client.delete(f"/api/tokens/{made['id']}").status_code == 204
    assert guarded.get("/api/scans", headers=bearer(made["token"])).status_code == 401
    assert client.delete(f"/api/tokens/{made['id']}").status_code == 404


def test_tokens_are_listed_without_their_secrets(client: FlaskClient) -> None:
    made = client.post("/api/tokens", json={"name": "nightly"}).json
    listing = client.get("/api/tokens")
    assert listing.json == {"tokens": [{name: made[name] for name in ("id", "name", "scope", "created")}]}
    assert made["scope"] == "read"  # what is not said is the lesser


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\0b"])
def test_a_token_has_a_name_that_can_be_shown(client: FlaskClient, name: str) -> None:
    assert client.post("/api/tokens", json={"name": name}).json["error"]["code"] == "invalid_name"


def test_a_token_makes_no_tokens(guarded: FlaskClient, ctx: Context) -> None:
    token, text = access.make_token(ctx, "script", Scope.WRITE)
    for method, path in (("GET", "/api/tokens"), ("POST", "/api/tokens"), ("DELETE", f"/api/tokens/{token.id}")):
        answer = guarded.open(path, method=method, json={"name": "x"}, headers=bearer(text))
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "needs_sign_in")
    assert access.tokens(ctx) == [token]
