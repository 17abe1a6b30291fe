"""Scans and searches over the API: asked for, followed, stopped."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared.context import Context
from shared.domain.scan import ScanKind, ScanRequest
from shared.names import PLAN_SCAN
from shared.store import scans as store
from tests.gallery import SCAN, SEARCH, Gallery, fake_weights
from web.api.path_bytes import encode


def folder(shown: Gallery, path: bytes = b"") -> dict[str, str]:
    return {"library": shown.library.id, "path_b64": encode(path)}


def form(shown: Gallery, data: bytes = b"image bytes", **fields: str) -> dict[str, Any]:
    return {"image": (io.BytesIO(data), "mine.jpg"), "folders": json.dumps([folder(shown)])} | fields


def uploads(ctx: Context) -> list[str]:
    where = ctx.layout.upload("x").parent
    return [path.name for path in where.iterdir()] if where.exists() else []


def queued(ctx: Context, queue: str) -> list[Any]:
    waiting = ctx.redis.lrange(f"lookalike:v1:celery:{queue}", 0, -1)
    return [json.loads(message)["headers"] for message in waiting]  # type: ignore[union-attr]  # redis-py's sync or async


def test_a_scan_is_accepted_with_its_address_and_its_first_task_sent(
    client: FlaskClient, ctx: Context, shown: Gallery
) -> None:
    answer = client.post("/api/scans", json={"folders": [folder(shown, b"trip")], "preset": "exact"})
    assert answer.status_code == 202
    scan_id = answer.json["id"]
    assert answer.headers["Location"].endswith(f"/api/scans/{scan_id}")
    assert client.get(answer.headers["Location"]).json["state"] == "queued"
    request = store.get(ctx.redis, scan_id).request
    assert (request.preset, request.folders[0].path, request.kind) == ("exact", b"trip", ScanKind.LIBRARY)
    assert [task["task"] for task in queued(ctx, "files")] == [PLAN_SCAN]


def test_what_is_not_said_takes_the_defaults(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    scan_id = client.post("/api/scans", json={"folders": [folder(shown)]}).json["id"]
    request = store.get(ctx.redis, scan_id).request
    assert request == ScanRequest(folders=request.folders)


@pytest.mark.parametrize(
    ("path", "status"), [(b"missing", 404), (b"torn.jpg", 404), (b"../pictures", 403), (b"/etc", 403), (b"a\0b", 403)]
)
def test_a_folder_that_is_not_there_or_outside_starts_nothing(
    client: FlaskClient, ctx: Context, shown: Gallery, path: bytes, status: int
) -> None:
    before = store.latest(ctx.redis, 50)
    answer = client.post("/api/scans", json={"folders": [folder(shown, path)]})
    assert answer.status_code == status, answer.json
    assert store.latest(ctx.redis, 50) == before


def test_a_network_in_the_data_folder_is_chosen_by_its_name_alone(
    client: FlaskClient, ctx: Context, shown: Gallery
) -> None:
    fake_weights(ctx, "mine.keras")
    body = {"folders": [folder(shown)], "preset": "deep", "model": "mine.keras"}
    scan_id = client.post("/api/scans", json=body).json["id"]
    assert store.get(ctx.redis, scan_id).request.model == str(ctx.layout.weights / "mine.keras")
    outside = client.post("/api/scans", json=body | {"model": "../v1/mine.keras"})
    assert outside.json["error"]["code"] == "unknown_model"


def test_the_list_has_the_newest_first(client: FlaskClient, shown: Gallery) -> None:
    newest = client.post("/api/scans", json={"folders": [folder(shown)]}).json["id"]
    listed = [scan["id"] for scan in client.get("/api/scans").json["scans"]]
    assert listed[0] == newest
    assert {SCAN, SEARCH} < set(listed)


def test_a_cancelled_scan_says_so_and_one_that_ended_stays(client: FlaskClient, shown: Gallery) -> None:
    scan_id = client.post("/api/scans", json={"folders": [folder(shown)]}).json["id"]
    assert client.post(f"/api/scans/{scan_id}/cancel").json["state"] == "cancelled"
    assert client.post(f"/api/scans/{SCAN}/cancel").json["state"] == "done"


def test_a_scan_is_paused_resumed_repeated_and_deleted(client: FlaskClient, shown: Gallery) -> None:
    scan_id = client.post("/api/scans", json={"folders": [folder(shown)]}).json["id"]
    assert client.post(f"/api/scans/{scan_id}/pause").json["state"] == "paused"
    assert client.post(f"/api/scans/{scan_id}/resume").json["state"] == "queued"
    assert client.delete(f"/api/scans/{scan_id}").json["error"]["code"] == "not_ended"
    client.post(f"/api/scans/{scan_id}/cancel")
    assert client.delete(f"/api/scans/{scan_id}").status_code == 204
    assert client.get(f"/api/scans/{scan_id}").status_code == 404
    repeated = client.post(f"/api/scans/{SCAN}/again")
    assert repeated.status_code == 202
    assert repeated.headers["Location"].endswith(f"/api/scans/{repeated.json['id']}")


def test_the_list_comes_page_by_page(client: FlaskClient, shown: Gallery) -> None:
    first = client.get("/api/scans?limit=1").json
    second = client.get(f"/api/scans?limit=1&before={first['next']!r}").json
    assert {first["scans"][0]["id"], second["scans"][0]["id"]} == {SCAN, SEARCH}
    assert second["next"] is None


def test_folders_are_compared_with_reference_folders(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    body = {"folders": [folder(shown, b"small")], "reference": [folder(shown)]}
    answer = client.post("/api/scans", json=body).json
    assert (len(answer["folders"]), len(answer["reference"])) == (1, 1)
    assert store.get(ctx.redis, answer["id"]).request.reference[0].path == b""
    missing = client.post("/api/scans", json=body | {"reference": [folder(shown, b"missing")]})
    assert missing.status_code == 404


def test_a_search_keeps_the_upload_until_a_worker_has_read_it(
    client: FlaskClient, ctx: Context, shown: Gallery
) -> None:
    answer = client.post("/api/searches", data=form(shown, preset="near", max_distance="4"))
    assert answer.status_code == 202, answer.json
    request = store.get(ctx.redis, answer.json["id"]).request
    assert (request.kind, request.upload_name, request.max_distance) == (ScanKind.FIND, "mine.jpg", 4)
    assert uploads(ctx) == [request.upload]
    assert ctx.layout.upload(str(request.upload)).read_bytes() == b"image bytes"


@pytest.mark.parametrize(("sent", "fresh"), [({}, False), ({"fresh": "false"}, False), ({"fresh": "true"}, True)])
def test_a_search_goes_by_a_scan_unless_it_is_to_be_fresh(
    client: FlaskClient, ctx: Context, shown: Gallery, sent: dict[str, str], fresh: bool
) -> None:
    answer = client.post("/api/searches", data=form(shown, preset="near", **sent))
    assert store.get(ctx.redis, answer.json["id"]).request.fresh is fresh
    assert answer.json["as_of"] is None


@pytest.mark.parametrize(
    ("fields", "data", "status"),
    [
        ({}, b"", 400),
        ({"threshold": "2"}, b"x", 400),
        ({"preset": "magic"}, b"x", 422),
        ({"folders": "not json"}, b"x", 422),
        ({"folders": "[]"}, b"x", 400),
        ({"folders": '[{"library": "none"}]'}, b"x", 404),
    ],
)
def test_a_refused_search_leaves_no_upload_behind(
    client: FlaskClient, ctx: Context, shown: Gallery, fields: dict[str, str], data: bytes, status: int
) -> None:
    answer = client.post("/api/searches", data=form(shown, data, **fields))
    assert answer.status_code == status, answer.json
    assert answer.json["error"]["message"]
    assert uploads(ctx) == []


def test_a_search_without_an_image_is_refused(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    answer = client.post("/api/searches", data={"folders": json.dumps([folder(shown)])})
    assert answer.status_code == 422
    assert "image" in answer.json["error"]["message"]
