"""Calibration over the API: pairs around the threshold, answers kept by content, estimates that follow from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared.context import Context
from shared.services import scan_control
from shared.services.calibration import QUESTIONS
from tests import gallery
from tests.gallery import SCAN, SEARCH, Gallery

WHERE = f"/api/scans/{SCAN}/calibration"


@pytest.fixture
def shown(ctx: Context, tmp_path: Path) -> Gallery:
    """Pairs that reach from 0.97 down to 0.68."""
    return gallery.make(ctx, tmp_path / "pictures", groups=30)


def ask(client: FlaskClient, threshold: float = 0.85) -> dict[str, Any]:
    answer = client.get(f"{WHERE}?threshold={threshold}")
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def tell(client: FlaskClient, question: dict[str, Any], same: bool | None) -> dict[str, Any]:
    one = {"a": question["a"]["id"], "b": question["b"]["id"], "same": same}
    answer = client.post(WHERE, json={"threshold": 0.85, "answers": [one]})
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def test_pairs_on_both_sides_of_the_threshold_are_asked_about(client: FlaskClient, shown: Gallery) -> None:
    found = ask(client)
    reaches = [question["reach"] for question in found["questions"]]
    assert len(reaches) == len(set(reaches)) == QUESTIONS
    near = [reach for reach in reaches if 0.8 <= reach < 0.9]
    assert {reach >= 0.85 for reach in near} == {True, False}
    assert (found["answers"], found["suggested"]) == (0, None)
    assert sum(1 for one in found["estimates"] if one["pairs"]) == 30


def test_answers_suggest_a_threshold_and_are_asked_for_once(client: FlaskClient, shown: Gallery) -> None:
    asked = ask(client)["questions"]
    for question in asked:
        last = tell(client, question, question["reach"] >= 0.82)
    assert (last["answers"], last["right"]) == (20, sum(question["reach"] >= 0.82 for question in asked))
    assert 0.8 <= last["suggested"] <= 0.9
    judged = {(question["a"]["id"], question["b"]["id"]) for question in asked}
    again = ask(client)["questions"]
    assert len(again) == 10
    assert not judged & {(question["a"]["id"], question["b"]["id"]) for question in again}
    assert tell(client, asked[0], None)["answers"] == 19


def test_answers_outlive_the_scan(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    tell(client, ask(client)["questions"][0], True)
    scan_control.delete(ctx, SEARCH)
    again = gallery.write
    again(ctx, "5ca9000000000002", gallery.store.get(ctx.redis, SCAN).request, gallery.scan_result(shown, 30))
    found = client.get("/api/scans/5ca9000000000002/calibration?threshold=0.85").json
    assert (found["answers"], found["right"]) == (1, 1)


def test_a_search_or_an_unknown_image_is_refused(client: FlaskClient, shown: Gallery) -> None:
    assert client.get(f"/api/scans/{SEARCH}/calibration?threshold=0.9").json["error"]["code"] == "no_groups"
    wrong = {"threshold": 0.9, "answers": [{"a": "none", "b": shown.id("trip/001.jpg"), "same": True}]}
    assert client.post(WHERE, json=wrong).status_code == 404
    assert client.post(WHERE, json={"threshold": 0.9, "answers": []}).status_code == 422
