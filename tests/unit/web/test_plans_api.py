"""Rules and plans over the API: saved by name; staged, looked at, carried out, undone."""

from __future__ import annotations

import os
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared.context import Context
from shared.domain import proposing
from shared.store import libraries as store
from tests.gallery import SCAN, Gallery
from workers.stages.plans import run_plan

RULES = {"steps": [{"by": "pixels"}, {"by": "short-path"}]}


@pytest.fixture(autouse=True)
def all_may_be_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gallery's smaller pictures are look-alikes, which are left to people; here they stand for proven matches."""
    monkeypatch.setattr(proposing, "proposable", lambda signals: True)


def staged(client: FlaskClient, **more: Any) -> Any:
    answer = client.post(f"/api/scans/{SCAN}/plans", json={"rules": RULES} | more)
    assert answer.status_code == 201, answer.json
    assert answer.headers["Location"].endswith(f"/api/plans/{answer.json['id']}")
    return answer.json


def here(shown: Gallery) -> int:
    return sum(os.path.exists(os.path.join(shown.library.root, i.path)) for i in shown.images.values())  # noqa: PTH110


def test_a_plan_is_staged_looked_at_applied_and_undone(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    plan = staged(client)
    assert plan["state"] == "staged"
    assert (plan["totals"]["groups"], plan["totals"]["keeps"], plan["totals"]["moves"]) == (3, 3, 6)
    page = client.get(f"/api/plans/{plan['id']}/groups?limit=2").json
    assert len(page["groups"]) == 2
    fates = page["groups"][0]["fates"]
    assert sorted(f["fate"] for f in fates.values()) == ["keep", "move", "move"]
    assert fates[shown.id("small/000.jpg")] == {"fate": "move", "reason": "fewer pixels"}
    assert len(client.get(f"/api/plans/{plan['id']}/groups?after={page['next']}").json["groups"]) == 1
    assert here(shown) == 9
    assert client.post(f"/api/plans/{plan['id']}/apply").json["state"] == "running"
    run_plan(ctx, plan["id"])
    done = client.get(f"/api/plans/{plan['id']}").json
    assert (done["state"], done["progress"]["done"]) == ("done", 6)
    assert here(shown) == 3
    assert [found["id"] for found in client.get(f"/api/scans/{SCAN}/plans").json["plans"]] == [plan["id"]]
    trashed = client.get(f"/api/plans/{plan['id']}/groups").json["groups"][0]["group"]["members"]
    assert sum(member["image"]["trashed"] is not None for member in trashed) == 2
    assert client.post(f"/api/plans/{plan['id']}/undo").status_code == 202
    run_plan(ctx, plan["id"])
    assert client.get(f"/api/plans/{plan['id']}").json["state"] == "undone"
    assert here(shown) == 9


def test_what_was_refused_is_told_with_its_reason(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    plan = staged(client, wanted={"least": 0.965})
    assert plan["totals"]["groups"] == 1
    with open(os.path.join(shown.library.root, b"small/000.jpg"), "ab") as file:
        file.write(b"edited")
    client.post(f"/api/plans/{plan['id']}/apply")
    run_plan(ctx, plan["id"])
    (refusal,) = client.get(f"/api/plans/{plan['id']}/refused").json["refused"]
    assert refusal["code"] == "changed"
    assert refusal["path"].endswith("small/000.jpg")


def test_a_plan_in_another_state_says_so(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    plan = staged(client)["id"]
    assert client.post(f"/api/plans/{plan}/stop").json["error"]["code"] == "plan_not_running"
    assert client.post(f"/api/plans/{plan}/undo").json["error"]["code"] == "not_in_trash"
    client.post(f"/api/plans/{plan}/apply")
    assert client.post(f"/api/plans/{plan}/apply").json["error"]["code"] == "plan_in_other_state"
    assert client.delete(f"/api/plans/{plan}").json["error"]["code"] == "plan_applied"
    assert client.post(f"/api/plans/{plan}/stop").json["state"] == "stopped"
    other = staged(client)["id"]
    store.put_writable(ctx.redis, shown.library.id, "It is mounted read-only.")
    assert client.post(f"/api/plans/{other}/apply").json["error"]["code"] == "not_writable"
    assert client.delete(f"/api/plans/{other}").status_code == 204
    assert client.get(f"/api/plans/{other}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"rules": {"steps": [{"by": "folders"}]}},
        {"rules": {"steps": [{"by": "name", "pattern": ""}]}},
        {"rules": {"steps": [{"by": "beauty"}]}},
        {"rules": RULES, "action": "move"},
        {"rules": RULES, "target": {"library": "none"}},
        {},
    ],
)
def test_what_makes_no_sense_is_refused(client: FlaskClient, shown: Gallery, body: Any) -> None:
    assert client.post(f"/api/scans/{SCAN}/plans", json=body).status_code in (400, 422)


def test_unknown_plans_are_404(client: FlaskClient) -> None:
    for path in ("", "/groups", "/refused"):
        assert client.get(f"/api/plans/none{path}").status_code == 404
    for path in ("/apply", "/stop", "/undo"):
        assert client.post(f"/api/plans/none{path}").status_code == 404
    assert client.get("/plans/none").status_code == 404
    assert client.post("/api/scans/none/plans", json={"rules": RULES}).status_code == 404


def test_rules_are_saved_by_name(client: FlaskClient, shown: Gallery) -> None:
    assert client.get("/api/rules").json["default"]["steps"][0]["by"] == "pixels"
    folder = {"library": shown.library.id, "path_b64": "dHJpcA", "label": "anything"}
    rules = {"steps": [{"by": "folders", "folders": [folder]}], "protected": [folder]}
    for name in ("Ours", "Mine ÄÖ"):
        assert client.post("/api/rules", json={"name": name, "rules": rules}).status_code == 201
    saved = client.get("/api/rules").json["saved"]
    assert [one["name"] for one in saved] == ["Mine ÄÖ", "Ours"]
    assert saved[0]["rules"]["protected"] == [folder | {"label": "pictures/trip"}]
    assert client.delete("/api/rules/Mine ÄÖ").status_code == 204
    assert client.delete("/api/rules/Mine ÄÖ").status_code == 404
    assert len(client.get("/api/rules").json["saved"]) == 1
    for name in ("", "  ", "a/b"):
        assert client.post("/api/rules", json={"name": name, "rules": rules}).status_code in (400, 422)


def test_nothing_is_staged_or_saved_where_nothing_may_change(with_settings: Any, shown: Gallery) -> None:
    client = with_settings(read_only=True)
    assert client.post(f"/api/scans/{SCAN}/plans", json={"rules": RULES}).status_code == 403
    assert client.post("/api/rules", json={"name": "Mine", "rules": RULES}).status_code == 403


def test_identical_files_become_links_and_themselves_again(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    plan = staged(client, action="link")
    assert plan["totals"]["moves"] == 3  # the smaller ones have other bytes
    client.post(f"/api/plans/{plan['id']}/apply")
    run_plan(ctx, plan["id"])
    assert client.get(f"/api/plans/{plan['id']}").json["progress"]["done"] == 3
    members = client.get(f"/api/plans/{plan['id']}/groups").json["groups"][0]["group"]["members"]
    assert sorted(str(member["image"]["away"]) for member in members) == ["None", "None", "link"]
    assert {entry["action"] for entry in client.get("/api/trash").json["entries"]} == {"link"}
    assert here(shown) == 9
    client.post(f"/api/plans/{plan['id']}/undo")
    run_plan(ctx, plan["id"])
    assert client.get("/api/trash").json["entries"] == []


def test_pictures_move_to_a_folder_and_back(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    os.mkdir(os.path.join(shown.library.root, b"sorted out"))  # noqa: PTH102 - bytes
    target = {"library": shown.library.id, "path_b64": "c29ydGVkIG91dA"}
    plan = staged(client, action="move", target=target)
    assert plan["target"]["label"] == "pictures/sorted out"
    client.post(f"/api/plans/{plan['id']}/apply")
    run_plan(ctx, plan["id"])
    assert here(shown) == 3
    assert os.path.exists(os.path.join(shown.library.root, b"sorted out/small/000.jpg"))  # noqa: PTH110 - bytes
    assert client.get("/api/trash").json["entries"] == []
    latest = client.get("/api/batches/latest").json["batch"]
    assert latest["plan"] == plan["id"]
    client.post(f"/api/plans/{plan['id']}/undo")
    run_plan(ctx, plan["id"])
    assert here(shown) == 9
    nowhere = {"library": shown.library.id, "path_b64": "bm93aGVyZQ"}
    body = {"rules": RULES, "action": "move", "target": nowhere}
    assert client.post(f"/api/scans/{SCAN}/plans", json=body).status_code == 404
    batch = {"scan": SCAN, "images": [shown.id("small/000.jpg")], "action": "move", "target": target}
    assert client.post("/api/batches", json=batch).status_code == 202
