"""Groups taken along: as CSV, JSON and a page; all, filtered, or named."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from jsonschema import validate

from shared.context import Context
from shared.layout import THUMBNAIL_SIZES
from shared.services import report
from tests.gallery import ODD_NAME, SCAN, Gallery
from web.api.result_schema import GROUPS

WHERE = f"/api/scans/{SCAN}"


def page(client: FlaskClient, query: str = "") -> str:
    answer = client.get(f"{WHERE}/report.html{query}")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return str(answer.get_data(as_text=True))


def test_groups_as_json_are_as_their_schema_says(client: FlaskClient, shown: Gallery) -> None:
    document = client.get(f"{WHERE}/groups.json").json
    validate(document, GROUPS)
    assert [len(group["pictures"]) for group in document["groups"]] == [3, 3, 3]
    assert [picture["keeper"] for picture in document["groups"][0]["pictures"]] == [True, False, False]


def test_no_group_is_an_empty_document(client: FlaskClient, shown: Gallery) -> None:
    document = client.get(f"{WHERE}/groups.json?kind=same-pixels").json
    validate(document, GROUPS)
    assert document["groups"] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [("?groups=3,1", [3, 1]), ("?least=0.97", [1]), ("?sort=similarity", [1, 2, 3]), ("?groups=2&least=1", [2])],
)
def test_a_selection_is_taken_along_alone(client: FlaskClient, shown: Gallery, query: str, expected: list[int]) -> None:
    assert [group["id"] for group in client.get(f"{WHERE}/groups.json{query}").json["groups"]] == expected
    assert client.get(f"{WHERE}/groups.csv{query}").get_data(as_text=True).count("\n") == 1 + 3 * len(expected)
    assert page(client, query).count("<section>") == len(expected)


@pytest.mark.parametrize(("query", "status"), [("?groups=99", 404), ("?groups=a", 422), ("?groups=1,,2", 422)])
def test_a_selection_that_makes_no_sense_is_refused(
    client: FlaskClient, shown: Gallery, query: str, status: int
) -> None:
    for form in ("groups.csv", "groups.json", "report.html"):
        assert client.get(f"{WHERE}/{form}{query}").status_code == status


def test_a_decided_pair_is_left_out(client: FlaskClient, shown: Gallery) -> None:
    pairs = [{"a": shown.id("trip/001.jpg"), "b": shown.id(name)} for name in ("copies/copy 1.jpg", "small/001.jpg")]
    client.post(f"{WHERE}/verdicts", json={"verdict": "variants", "pairs": pairs})
    assert [group["id"] for group in client.get(f"{WHERE}/groups.json").json["groups"]] == [1, 3]
    assert [group["id"] for group in client.get(f"{WHERE}/groups.json?show=decided").json["groups"]] == [2]


def test_the_report_holds_its_thumbnails_and_takes_no_name_for_markup(client: FlaskClient, shown: Gallery) -> None:
    found = page(client)
    assert found.count("data:image/webp;base64,") == 9
    assert "<script" not in found
    assert "http" not in found.replace("http-equiv", "")
    assert ODD_NAME.decode("utf-8", "backslashreplace") in found


def test_without_workers_the_report_says_what_is_missing_and_waits_once(
    client: FlaskClient, ctx: Context, shown: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "_PATIENCE_S", 0.2)
    for image in shown.images.values():
        ctx.layout.thumbnail(image.digest, THUMBNAIL_SIZES[0]).unlink(missing_ok=True)
    found = page(client)
    assert found.count("No thumbnail") == 9


def test_a_long_report_says_what_it_leaves_out(
    client: FlaskClient, shown: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MOST_GROUPS", 2)
    found = page(client)
    assert found.count("<section>") == 2
    assert "The first 2 of 3 groups" in found
