"""docs/api.md names every address of the application, with its method, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from apiflask import APIFlask
from flask.testing import FlaskClient

DOCUMENT = Path(__file__).parents[3] / "docs" / "api.md"
PAGES = {
    "static",
    "bootstrap.static",
    "pages.start",
    "pages.find",
    "pages.scan",
    "pages.scans_page",
    "pages.calibrate",
    "pages.trash",
    "pages.compare",
    "pages.verdicts",
    "pages.new_plan",
    "pages.plan",
    "pages.folder_pairs",
}
PAGES |= {"pages.access", "login.page", "login.sign_in", "login.sign_out"}


def documented() -> set[tuple[str, str]]:
    return set(re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/[^`?]*)`", DOCUMENT.read_text(), re.MULTILINE))


def served(app: APIFlask) -> set[tuple[str, str]]:
    return {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in PAGES
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_the_page_and_the_application_name_the_same_addresses(app: APIFlask) -> None:
    assert documented() == served(app)


def test_the_openapi_document_describes_every_address_under_api(app: APIFlask, client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json
    assert document["openapi"].startswith("3.")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    under_api = {(method, path) for method, path in served(app) if path.startswith("/api/")}
    assert described == under_api - {("GET", "/api/openapi.json")}


def test_every_description_has_a_summary(client: FlaskClient) -> None:
    paths = client.get("/api/openapi.json").json["paths"]
    assert all(operation["summary"] for methods in paths.values() for operation in methods.values())
