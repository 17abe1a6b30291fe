"""What a scan found, over the API: groups by page, matches, unreadable files, thumbnails, the whole result."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

import jsonschema
from flask.testing import FlaskClient

from shared.context import Context
from shared.layout import THUMBNAIL_SIZES
from shared.names import MAKE_THUMBNAILS
from shared.services import export
from shared.store import keys
from tests.gallery import ODD_NAME, SCAN, SEARCH, Gallery
from tests.unit.web.test_scans_api import queued
from web.api.path_bytes import decode
from web.api.result_schema import RESULT


def get(client: FlaskClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.json


def test_groups_come_page_by_page_each_once(client: FlaskClient, shown: Gallery) -> None:
    seen, after = [], ""
    while after is not None:
        page = get(client, f"/api/scans/{SCAN}/groups?after={after}&limit=2")
        seen += [group["id"] for group in page["groups"]]
        after = page["next"]
    assert seen == [1, 2, 3]


def test_a_group_shows_its_keeper_first_and_why_each_other_matches(client: FlaskClient, shown: Gallery) -> None:
    group = get(client, f"/api/scans/{SCAN}/groups/2")
    keeper, copy, small = group["members"]
    assert keeper["image"]["id"] == group["keeper"]
    assert keeper["signals"] is None
    assert copy["signals"]["kind"] == "exact"
    assert small["signals"] == {
        "similarity": 0.96, "kind": "resized", "cosine": None, "distance": 2, "ssim": 0.95,
        "tier": "proven", "confidence": 0.96, "proposable": True, "alignment": {
            "inliers": 120, "shown": 1.0, "shows": 1.0, "finer": 0.5, "mirrored": False,
            "matrix": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        },
    }  # fmt: skip
    image = small["image"]
    assert (image["name"], image["width"], image["height"], image["format"]) == ("001.jpg", 320, 240, "JPEG")
    assert image["folder"] == "pictures/small"
    assert image["path"].endswith("/pictures/small/001.jpg")
    assert image["path_b64"] is None


def test_a_name_that_is_not_utf8_is_shown_and_kept(client: FlaskClient, shown: Gallery) -> None:
    image = get(client, f"/api/scans/{SCAN}/groups/1")["members"][1]["image"]
    assert image["name"] == r"odd-\xff.jpg"
    assert decode(image["path_b64"]) == ODD_NAME


def test_an_image_in_the_trash_is_marked_with_its_batch(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    small = shown.id("small/000.jpg")
    ctx.redis.hset(keys.TRASHED, small, "batch-1")
    members = get(client, f"/api/scans/{SCAN}/groups/1")["members"]
    assert [member["image"]["trashed"] for member in members] == [None, None, "batch-1"]


def test_matches_come_best_first(client: FlaskClient, shown: Gallery) -> None:
    matches = get(client, f"/api/scans/{SEARCH}/matches")["matches"]
    similarities = [match["signals"]["similarity"] for match in matches]
    assert similarities == sorted(similarities, reverse=True)
    assert len(matches) == 3


def test_unreadable_files_have_path_and_reason(client: FlaskClient, shown: Gallery) -> None:
    (entry,) = get(client, f"/api/scans/{SCAN}/unreadable")["unreadable"]
    assert entry["path"].endswith("/pictures/torn.jpg")
    assert entry["code"] == "truncated"
    assert entry["reason"].endswith(".")


def test_the_whole_result_is_as_its_schema_says(client: FlaskClient, shown: Gallery) -> None:
    for scan, held in ((SCAN, {"groups", "pairs"}), (SEARCH, {"query", "matches"})):
        result = get(client, f"/api/scans/{scan}/result")
        jsonschema.validate(result, RESULT)
        assert held <= set(result)
    odd = get(client, f"/api/scans/{SCAN}/result")["groups"][0]["members"][0]
    assert base64.b64decode(odd["path_b64"]) == shown.library.root + b"/" + ODD_NAME


def test_a_scan_that_has_not_ended_has_no_result_yet(client: FlaskClient, shown: Gallery) -> None:
    body = {"folders": [{"library": shown.library.id}]}
    scan_id = client.post("/api/scans", json=body).json["id"]
    for part in (
        "result",
        "groups",
        "groups/1",
        "choices",
        "matches",
        "unreadable",
        "groups.csv",
        "groups.json",
        "report.html",
        "unreadable.csv",
    ):
        answer = client.get(f"/api/scans/{scan_id}/{part}")
        assert (answer.status_code, answer.json["error"]["code"]) == (409, "no_result")


def test_unknown_groups_and_images_are_404(client: FlaskClient, shown: Gallery) -> None:
    assert client.get(f"/api/scans/{SCAN}/groups/99").status_code == 404
    assert client.get(f"/thumbnails/{SCAN}/{'0' * 32}/320").status_code == 404
    assert client.get(f"/thumbnails/{SCAN}/..%2F..%2Fetc/320").status_code == 404


def test_a_thumbnail_is_webp_that_a_browser_keeps(client: FlaskClient, shown: Gallery) -> None:
    for size in THUMBNAIL_SIZES:
        with client.get(f"/thumbnails/{SCAN}/{shown.id('small/000.jpg')}/{size}") as answer:
            assert answer.status_code == 200
            assert answer.mimetype == "image/webp"
            assert answer.data[:4] == b"RIFF"
            assert "immutable" in answer.headers["Cache-Control"]
            assert "private" in answer.headers["Cache-Control"]


def test_a_missing_thumbnail_is_asked_of_a_worker_once(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    name = "small/000.jpg"
    ctx.layout.thumbnail(shown.images[name].digest, 320).unlink()
    for _ in range(2):
        answer = client.get(f"/thumbnails/{SCAN}/{shown.id(name)}/320")
        assert (answer.status_code, answer.data) == (202, b"")
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["Cache-Control"] == "no-store"
    assert [task["task"] for task in queued(ctx, "thumbnails")] == [MAKE_THUMBNAILS]


def test_a_size_that_is_not_made_is_refused(client: FlaskClient, shown: Gallery) -> None:
    assert client.get(f"/thumbnails/{SCAN}/{shown.id('small/000.jpg')}/33").status_code == 400


def test_a_page_of_groups_asks_for_its_thumbnails_in_one_task(
    client: FlaskClient, ctx: Context, shown: Gallery
) -> None:
    for image in shown.images.values():
        ctx.layout.thumbnail(image.digest, 320).unlink(missing_ok=True)
    get(client, f"/api/scans/{SCAN}/groups")
    assert len(queued(ctx, "thumbnails")) == 1


def test_a_thumbnail_by_content_is_one_that_was_made(client: FlaskClient, shown: Gallery) -> None:
    digest = shown.images["small/000.jpg"].digest
    with client.get(f"/thumbnails/content/{digest}") as answer:
        assert answer.status_code == 200
    for nothing in ("0" * 64, "..", f"{digest}x"):
        assert client.get(f"/thumbnails/content/{nothing}").status_code == 404


def rows(client: FlaskClient, path: str) -> list[dict[str, str]]:
    answer = client.get(f"/api/scans/{SCAN}/{path}")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=lookalike-")
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def test_groups_as_csv_have_a_line_for_every_picture(client: FlaskClient, shown: Gallery) -> None:
    found = rows(client, "groups.csv")
    assert len(found) == 9
    keeper, copy, small = found[:3]
    assert (keeper["group"], keeper["keeper"], keeper["similarity"]) == ("1", "yes", "")
    assert (copy["keeper"], copy["kind"]) == ("no", "exact")
    assert (small["tier"], small["confidence"]) == ("proven", "0.97")
    assert (keeper["tier"], keeper["confidence"]) == ("", "")
    assert copy["path"].endswith(r"/pictures/odd-\xff.jpg")
    assert (small["width"], small["similarity"], small["cosine"]) == ("320", "0.97", "")
    assert small["sha256"] == shown.images["small/000.jpg"].digest


def test_unreadable_files_as_csv_have_path_and_reason(client: FlaskClient, shown: Gallery) -> None:
    (found,) = rows(client, "unreadable.csv")
    assert found["path"].endswith("/pictures/torn.jpg")
    assert found["code"] == "truncated"


def test_a_cell_is_never_taken_for_a_formula() -> None:
    assert export._line(["=cmd|' /C calc'!A0", "-1", -1, "plain"]) == "'=cmd|' /C calc'!A0,'-1,-1,plain\r\n"


def test_groups_of_another_threshold_are_told_and_then_shown(client: FlaskClient, shown: Gallery) -> None:
    at = f"/api/scans/{SCAN}/regroup"
    told = client.get(at, query_string={"threshold": 0.955}).get_json()
    assert (told["groups"], told["images"], told["shown"]) == (3, 5, 0.0)
    assert client.get(f"/api/scans/{SCAN}/groups").get_json()["total"] == 3
    done = client.post(at, json={"threshold": 0.955}).get_json()
    assert done == told | {"shown": done["shown"]}
    groups = client.get(f"/api/scans/{SCAN}/groups").get_json()["groups"]
    assert sorted(len(group["members"]) for group in groups) == [2, 3, 3]
    assert client.post(at, json={"threshold": 2}).status_code == 422


def test_what_a_running_scan_has_found_so_far_is_marked(client: FlaskClient, ctx: Context, shown: Gallery) -> None:
    at = f"/api/scans/{SCAN}/provisional"
    assert client.get(at).get_json()["error"]["code"] == "nothing_yet"
    ctx.layout.result(SCAN).rename(ctx.layout.provisional(SCAN))
    ctx.redis.hset(keys.scan(SCAN), "state", "running")
    page = get(client, f"{at}?limit=2")
    assert page["provisional"] is True
    assert page["made"] > 0
    assert (len(page["groups"]), page["total"]) == (2, 3)
    assert [group["id"] for group in get(client, f"{at}?after={page['next']}")["groups"]] == [3]
    assert client.get(f"/api/scans/{SCAN}/groups").status_code == 409


def test_a_page_of_many_groups_asks_redis_no_more_often_than_one_of_a_single_group(
    client: FlaskClient, ctx: Context, shown: Gallery
) -> None:
    def asked(limit: int) -> int:
        before = ctx.redis.info("stats")["total_commands_processed"]
        assert len(client.get(f"/api/scans/{SCAN}/groups?limit={limit}").json["groups"]) == limit
        return int(ctx.redis.info("stats")["total_commands_processed"]) - before

    asked(3)  # the first request of all looks up more
    assert asked(3) == asked(1)
