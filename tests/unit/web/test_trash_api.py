"""Deletion over the API, carried out by the files stage on real files: moved, brought back, purged, refused."""

from __future__ import annotations

import os
from typing import Any

from flask.testing import FlaskClient

from shared.context import Context
from shared.store import libraries as store
from tests.gallery import SCAN, SEARCH, Gallery
from workers.stages.trash import run_batch


def exists(shown: Gallery, name: str) -> bool:
    return os.path.exists(os.path.join(shown.library.root, shown.images[name].path))  # noqa: PTH110 - bytes


def asked(client: FlaskClient, path: str, body: Any = None) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == 202, answer.json
    batch = answer.json
    assert answer.headers["Location"].endswith(f"/api/batches/{batch['id']}")
    return batch


def carried_out(client: FlaskClient, ctx: Context, path: str, body: Any = None) -> Any:
    """The batch, after a files worker has done it."""
    batch = asked(client, path, body)
    run_batch(ctx, batch["id"])
    return client.get(f"/api/batches/{batch['id']}").json


def delete(client: FlaskClient, ctx: Context, shown: Gallery, *names: str) -> Any:
    return carried_out(client, ctx, "/api/batches", {"scan": SCAN, "images": [shown.id(name) for name in names]})


def test_images_are_moved_and_undo_brings_them_back(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    batch = delete(client, ctx, shown, "small/000.jpg", "copies/copy 1.jpg")
    assert (batch["kind"], batch["state"]) == ("trash", "done")
    assert [outcome["state"] for outcome in batch["outcomes"]] == ["done", "done"]
    assert not exists(shown, "small/000.jpg")
    assert client.get("/api/batches/latest").json["batch"]["id"] == batch["id"]
    restored = carried_out(client, ctx, f"/api/batches/{batch['id']}/undo")
    assert restored["kind"] == "restore"
    assert exists(shown, "small/000.jpg")
    assert client.get("/api/batches/latest").json["batch"] is None


def test_a_batch_waits_until_a_worker_takes_it(client: FlaskClient, shown: Gallery) -> None:
    batch = asked(client, "/api/batches", {"scan": SCAN, "images": [shown.id("small/000.jpg")]})
    assert batch["state"] == "queued"
    assert batch["outcomes"][0]["state"] == "waiting"
    assert batch["outcomes"][0]["path"].endswith("/pictures/small/000.jpg")


def test_a_file_that_changed_is_refused_with_the_reason(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    with open(os.path.join(shown.library.root, b"small/000.jpg"), "ab") as file:
        file.write(b"edited")
    (outcome,) = delete(client, ctx, shown, "small/000.jpg")["outcomes"]
    assert outcome["state"] == "refused"
    assert outcome["reason"]
    assert exists(shown, "small/000.jpg")


def test_the_last_image_of_a_group_is_never_moved(client: FlaskClient, shown: Gallery) -> None:
    names = list(shown.images)[:3]
    answer = client.post("/api/batches", json={"scan": SCAN, "images": [shown.id(name) for name in names]})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "last_copy")
    assert client.post("/api/batches", json={"scan": SCAN, "images": []}).status_code == 400


def test_a_library_that_cannot_be_written_is_told(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    store.put_writable(ctx.redis, shown.library.id, "It is mounted read-only.")
    answer = client.post("/api/batches", json={"scan": SCAN, "images": [shown.id("small/000.jpg")]})
    assert answer.json["error"] == {"code": "not_writable", "message": "It is mounted read-only."}


def test_a_match_without_another_copy_needs_to_be_confirmed(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    body = {"scan": SEARCH, "images": [shown.id("small/000.jpg")]}
    answer = client.post("/api/batches", json=body)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "no_other_copy")
    (outcome,) = carried_out(client, ctx, "/api/batches", body | {"confirmed": True})["outcomes"]
    assert outcome["state"] == "done"


def test_the_trash_lists_what_was_moved_and_gives_back_one(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    batch = delete(client, ctx, shown, "small/000.jpg", "small/001.jpg")
    entries = client.get("/api/trash").json["entries"]
    assert {entry["name"] for entry in entries} == {"000.jpg", "001.jpg"}
    assert {entry["batch"] for entry in entries} == {batch["id"]}
    with client.get(entries[0]["thumbnail"]) as answer:
        assert answer.status_code == 200
    carried_out(client, ctx, "/api/trash/restore", {"batch": batch["id"], "entries": [entries[0]["id"]]})
    assert [entry["id"] for entry in client.get("/api/trash").json["entries"]] == [entries[1]["id"]]


def test_purging_asks_twice_and_is_final(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    delete(client, ctx, shown, "small/000.jpg")
    (entry,) = client.get("/api/trash").json["entries"]
    answer = client.post("/api/trash/purge", json={"entries": [entry["id"]]})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_confirmed")
    carried_out(client, ctx, "/api/trash/purge", {"entries": [entry["id"]], "confirmed": True})
    assert client.get("/api/trash").json["entries"] == []
    answer = client.post("/api/trash/restore", json={"batch": entry["batch"]})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_in_trash")


def test_the_trash_is_sent_page_by_page(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    batch = delete(client, ctx, shown, "small/000.jpg", "small/001.jpg", "small/002.jpg")
    first = client.get("/api/trash?limit=2").json
    last = client.get("/api/trash", query_string={"limit": 2, "after": first["next"]}).json
    found = [entry["name"] for page in (first, last) for entry in page["entries"]]
    assert sorted(found) == ["000.jpg", "001.jpg", "002.jpg"]
    size = sum(entry["size"] for page in (first, last) for entry in page["entries"])
    for page in (first, last):
        assert page["sums"] == {batch["id"]: {"pictures": 3, "size": size}}
        assert page["whole"] == {"pictures": 3, "size": size}
    assert last["next"] is None
    assert client.get("/api/trash?after=nowhere").status_code == 400


def test_emptying_the_trash_leaves_what_was_deleted_since_it_was_looked_at(
    client: FlaskClient, ctx: Context, shown: Gallery
) -> None:
    delete(client, ctx, shown, "small/000.jpg", "small/001.jpg")
    until = client.get("/api/trash?limit=1").json["entries"][0]["deleted"]
    delete(client, ctx, shown, "small/002.jpg")
    answer = client.post("/api/trash/purge", json={"until": until})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_confirmed")
    carried_out(client, ctx, "/api/trash/purge", {"until": until, "confirmed": True})
    assert [entry["name"] for entry in client.get("/api/trash").json["entries"]] == ["002.jpg"]
    answer = client.post("/api/trash/purge", json={"until": until, "confirmed": True})
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_in_trash")


def test_unknown_batches_and_entries_are_404(client: FlaskClient) -> None:
    assert client.get("/api/batches/none").status_code == 404
    assert client.post("/api/batches/none/undo").status_code == 404
    assert client.post("/api/trash/purge", json={"entries": ["none"], "confirmed": True}).status_code == 404
