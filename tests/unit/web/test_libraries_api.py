"""Libraries over the API: listed, browsed, added where that is allowed, never left."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from shared.context import Context
from shared.domain.access import Scope
from shared.services import access
from shared.settings import Settings
from shared.store import libraries as store
from tests.gallery import Gallery
from web.api.path_bytes import decode, encode
from web.app import create_app


def test_libraries_are_listed_with_why_nothing_can_be_deleted(
    client: FlaskClient, ctx: Context, shown: Gallery
) -> None:
    (library,) = client.get("/api/libraries").json["libraries"]
    assert (library["name"], library["path"].endswith("/pictures"), library["read_only"]) == ("pictures", True, None)
    store.put_writable(ctx.redis, shown.library.id, "It is mounted read-only.")
    (library,) = client.get("/api/libraries").json["libraries"]
    assert library["read_only"] == "It is mounted read-only."


def test_browsing_leads_down_by_path_bytes_and_up_by_crumbs(
    client: FlaskClient, shown: Gallery, tmp_path: Path
) -> None:
    odd = b"odd-\xff"
    (tmp_path / "pictures" / odd.decode("utf-8", "surrogateescape") / "deep").mkdir(parents=True)
    address = f"/api/libraries/{shown.library.id}/folders"
    top = client.get(address).json
    assert (top["here"]["name"], [crumb["name"] for crumb in top["crumbs"]]) == ("pictures", ["pictures"])
    inside = {folder["name"]: folder for folder in top["inside"]}
    assert inside["trip"]["images"] == 3
    assert inside[r"odd-\xff"]["folders"] == 1
    below = client.get(address, query_string={"path_b64": inside[r"odd-\xff"]["path_b64"]}).json
    assert decode(below["inside"][0]["path_b64"]) == odd + b"/deep"
    deep = client.get(f"{address}?path_b64={below['inside'][0]['path_b64']}").json
    assert [decode(crumb["path_b64"]) for crumb in deep["crumbs"]] == [b"", odd, odd + b"/deep"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"..", 403),
        (b"/etc", 403),
        (b"trip/../..", 403),
        (b"a\0", 403),
        (b"missing", 404),
        (b"torn.jpg", 404),
        (b".git", 404),
    ],
)
def test_nothing_outside_a_library_is_listed(client: FlaskClient, shown: Gallery, path: bytes, status: int) -> None:
    answer = client.get(f"/api/libraries/{shown.library.id}/folders?path_b64={encode(path)}")
    assert answer.status_code == status, answer.json


def test_a_folder_can_be_added_on_loopback(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    answer = client.post("/api/libraries", json={"path": str(tmp_path / "more")})
    assert answer.status_code == 201
    assert [library["name"] for library in client.get("/api/libraries").json["libraries"]] == ["more"]


@pytest.mark.parametrize(
    "path", ["", "relative", "~nobody-here/x", "/missing/folder", "/etc/hostname", "/a\0b", "/" + "x" * 5000]
)
def test_what_is_no_folder_is_refused_with_a_message(client: FlaskClient, path: str) -> None:
    answer = client.post("/api/libraries", json={"path": path})
    assert answer.status_code == 400
    assert answer.json["error"]["message"]


def test_text_that_is_no_unicode_is_refused(client: FlaskClient) -> None:
    answer = client.post("/api/libraries", data=rb'{"path": "/\ud800"}', content_type="application/json")
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "changes", [{"host": "192.0.2.1", "allowed_hosts": ("x.example",), "password": "p"}, {"add_libraries": False}]
)
def test_adding_is_off_elsewhere(ctx: Context, tmp_path: Path, changes: dict[str, object]) -> None:
    settings = Settings(data=ctx.settings.data, **changes)  # type: ignore[arg-type]  # a field's own type each
    client = create_app(Context(settings, ctx.redis, ctx.celery, ctx.layout)).test_client()
    _, token = access.make_token(ctx, "test", Scope.WRITE)
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    answer = client.post("/api/libraries", json={"path": str(tmp_path)})
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "adding_is_off")
    assert client.get("/api/libraries").json == {"libraries": [], "can_add": False}
