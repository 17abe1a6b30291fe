"""Verdicts over the API: a decided pair does not come back; listed, revised, exported, imported, forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from shared.context import Context
from tests.gallery import SCAN, Gallery

SCAN_VERDICTS = f"/api/scans/{SCAN}/verdicts"


def shown_members(client: FlaskClient, group: int = 2) -> list[str]:
    found = client.get(f"/api/scans/{SCAN}/groups?limit=100").json["groups"]
    return [m["image"]["path"].rpartition("/pictures/")[2] for g in found if g["id"] == group for m in g["members"]]


def decide(client: FlaskClient, shown: Gallery, a: str, b: str, verdict: str | None) -> Any:
    body = {"verdict": verdict, "pairs": [{"a": shown.id(a), "b": shown.id(b)}]}
    return client.post(SCAN_VERDICTS, json=body)


def test_a_decided_pair_does_not_come_back_until_it_is_forgotten(client: FlaskClient, shown: Gallery) -> None:
    whole = ["trip/001.jpg", "copies/copy 1.jpg", "small/001.jpg"]
    assert shown_members(client) == whole
    assert decide(client, shown, "small/001.jpg", "trip/001.jpg", "unrelated").json == {"changed": 1}
    assert shown_members(client) == whole[:2]
    assert decide(client, shown, "trip/001.jpg", "copies/copy 1.jpg", "duplicates").json == {"changed": 1}
    assert shown_members(client) == []
    assert client.get(f"/api/scans/{SCAN}/groups?show=decided").json["total"] == 1
    assert decide(client, shown, "trip/001.jpg", "small/001.jpg", None).json == {"changed": 1}
    assert shown_members(client) == ["trip/001.jpg", "small/001.jpg"]


def test_what_was_decided_to_be_another_picture_does_not_count_as_the_copy_that_stays(
    client: FlaskClient, shown: Gallery
) -> None:
    decide(client, shown, "trip/001.jpg", "small/001.jpg", "unrelated")
    doomed = [shown.id("trip/001.jpg"), shown.id("copies/copy 1.jpg")]
    answer = client.post("/api/batches", json={"scan": SCAN, "images": doomed})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "last_copy")


def test_verdicts_move_to_another_installation_as_one_document(client: FlaskClient, shown: Gallery) -> None:
    decide(client, shown, "trip/001.jpg", "small/001.jpg", "variants")
    document = client.get("/api/verdicts").json
    (record,) = document["verdicts"]
    assert record["verdict"] == "variants"
    assert set(record["names"]) == {"001.jpg"}
    pair = {"a": record["a"], "b": record["b"]}
    assert client.post("/api/verdicts/forget", json={"pairs": [pair]}).json == {"changed": 1}
    assert client.get("/api/verdicts").json["verdicts"] == []
    swapped = record | {"a": record["b"], "b": record["a"], "verdict": "burst"}
    assert client.post("/api/verdicts", json=document | {"verdicts": [swapped]}).json == {"changed": 1}
    (again,) = client.get("/api/verdicts").json["verdicts"]
    assert again == record | {"verdict": "burst"}


@pytest.mark.parametrize(
    "record", [{"a": "x"}, {"verdict": "perhaps"}, {"names": ["one"]}, {"decided": "soon"}, {"more": 1}]
)
def test_a_document_that_is_none_changes_nothing(client: FlaskClient, ctx: Context, record: dict[str, Any]) -> None:
    whole = {"a": "0" * 64, "b": "1" * 64, "verdict": "burst", "names": ["a", "b"], "decided": 1.0}
    assert client.post("/api/verdicts", json={"verdicts": [whole, whole | record]}).status_code == 422
    assert client.get("/api/verdicts").json["verdicts"] == []


def test_an_image_that_is_not_of_the_scan_is_404(client: FlaskClient, shown: Gallery) -> None:
    body = {"verdict": "burst", "pairs": [{"a": shown.id("trip/001.jpg"), "b": "0" * 32}]}
    assert client.post(SCAN_VERDICTS, json=body).status_code == 404


def test_the_whole_result_leaves_out_what_is_decided(client: FlaskClient, shown: Gallery) -> None:
    before = client.get(f"/api/scans/{SCAN}/result").json
    decide(client, shown, "trip/001.jpg", "small/001.jpg", "variants")
    after = client.get(f"/api/scans/{SCAN}/result").json
    assert len(before["pairs"]) - len(after["pairs"]) == 1
    assert len(after["groups"]) == len(before["groups"])
    decide(client, shown, "trip/001.jpg", "copies/copy 1.jpg", "duplicates")
    last = client.get(f"/api/scans/{SCAN}/result").json
    assert len(before["groups"]) - len(last["groups"]) == 1
    assert not [p for p in last["pairs"] if p["a"].endswith("trip/001.jpg")]


def test_verdicts_are_read_once_however_often_they_are_asked_for(
    client: FlaskClient, ctx: Context, shown: Gallery
) -> None:
    decide(client, shown, "trip/001.jpg", "small/001.jpg", "variants")

    def read() -> int:
        return int(ctx.redis.info("commandstats").get("cmdstat_hkeys", {"calls": 0})["calls"])

    client.get(f"/api/scans/{SCAN}/groups")
    before = read()
    for _ in range(3):
        assert len(client.get(f"/api/scans/{SCAN}/groups").json["groups"]) == 3
    assert read() == before
    decide(client, shown, "trip/001.jpg", "copies/copy 1.jpg", "duplicates")
    assert len(client.get(f"/api/scans/{SCAN}/groups").json["groups"]) == 2
    assert read() == before + 1
