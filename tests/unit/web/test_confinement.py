"""No path and no id leads out of a library, whatever it says and at whichever address it is sent."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from shared.context import Context
from tests.gallery import SCAN, Gallery
from tests.mounts import in_own_mounts, mount_memory
from web.api.path_bytes import encode

SECRET = "a-name-that-must-not-be-shown"
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"
HOSTILE = [
    b"..", b"../..", b"../../secret", b"trip/../../secret", b"/etc/passwd", b"/", b"//", b"trip//x", b"trip/",
    b"./trip", b".", b"%2e%2e/secret", b"..%2fsecret", b"..\\secret", b"\0", b"trip\0", b"x" * 256, b"y/" * 9000,
    b"\xff\xfe", b"\xc0\xae\xc0\xae/secret", "\uff0e\uff0e/secret".encode(), "..\u2215secret".encode(), b"link",
    b"link/secret",
    b"pipe", b"socket", b"file.jpg", b"file.jpg/x", b".Trash-0", b"~root", b"-rf", b"*", b"CON", b"\r\nX: y",
    DECOMPOSED.encode(),
]  # fmt: skip
IDS = [os.fsdecode(path) for path in HOSTILE] + ["0" * 32, "0" * 5000, "9" * 40, "*", "{}", "null", "lookalike:v1:scan"]


@pytest.fixture
def trap(shown: Gallery, tmp_path: Path) -> Iterator[Path]:
    """The library of the gallery with everything in it that a path could stumble over, and a secret beside it."""
    library = tmp_path / "pictures"
    (tmp_path / "secret" / SECRET).mkdir(parents=True)
    (library / "link").symlink_to("../secret")
    (library / "file.jpg").write_bytes(b"no folder")
    (library / COMPOSED).mkdir()
    os.mkfifo(library / "pipe")
    with socket.socket(socket.AF_UNIX) as listening, chdir(library):  # a socket's whole path may be too long
        listening.bind("socket")
        yield library


def refused(answer: TestResponse) -> None:
    """It is refused with a message, and tells nothing of what lies outside or inside the program."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.request.path)
    text = answer.get_data(as_text=True)
    assert SECRET not in text
    assert "Traceback" not in text
    assert "root:" not in text


def test_no_path_is_listed_scanned_or_searched(client: FlaskClient, shown: Gallery, trap: Path) -> None:
    for path in HOSTILE:
        folder = {"library": shown.library.id, "path_b64": encode(path)}
        refused(client.get(f"/api/libraries/{shown.library.id}/folders", query_string={"path_b64": encode(path)}))
        refused(client.post("/api/scans", json={"folders": [folder]}))
        form = {"image": (io.BytesIO(b"image"), "x.jpg"), "folders": json.dumps([folder])}
        refused(client.post("/api/searches", data=form))


def arguments(rule: Rule) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)>", rule.rule)


def filled(rule: Rule, name: str, value: str) -> str:
    """The rule's address with one argument replaced, and the others such that they exist where that is possible."""
    known = {"scan_id": SCAN, "size": "320", "group_id": "1"}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda m: value if m[1] == name else known.get(m[1], "1"), rule.rule)


def requests(app: Flask, value: str) -> Iterator[tuple[str, str]]:
    """Every method and address that takes an argument, with this value in its place, encoded once and twice."""
    once = quote(os.fsencode(value), safe="")
    for rule in app.url_map.iter_rules():
        for name in arguments(rule):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield from ((method, filled(rule, name, sent)) for sent in (once, quote(once)))


def test_no_id_in_an_address_leads_anywhere(client: FlaskClient, trap: Path) -> None:
    for value in IDS:
        tried = list(requests(client.application, value))
        assert len(tried) > 40
        for method, address in tried:
            with client.open(address, method=method) as answer:
                if answer.status_code != 308:  # werkzeug joins slashes; what that leads to is no file either
                    refused(answer)


def test_no_id_in_a_body_leads_anywhere(client: FlaskClient, ctx: Context, trap: Path) -> None:
    before = sorted(trap.rglob("*"))
    for value in IDS:
        bodies: list[tuple[str, Any]] = [
            ("/api/batches", {"scan": value, "images": ["1"]}),
            ("/api/batches", {"scan": SCAN, "images": [value]}),
            ("/api/trash/restore", {"batch": value}),
            ("/api/trash/purge", {"entries": [value], "confirmed": True}),
            ("/api/scans", {"folders": [{"library": value}]}),
            ("/api/scans", {"folders": [{"library": "1"}], "model": value}),
            ("/api/scans", {"folders": [{"library": "1"}], "weights": value}),
        ]
        for address, body in bodies:
            refused(client.post(address, json=body))
    assert sorted(trap.rglob("*")) == before
    assert not list(ctx.layout.journal.glob("*"))


@pytest.mark.parametrize("name", ["../../../x", "/etc/passwd", "..\\x", "a\0b", "x" * 5000, ".", ""])
def test_the_name_of_an_upload_is_never_used_as_a_path(
    client: FlaskClient, ctx: Context, shown: Gallery, tmp_path: Path, name: str
) -> None:
    around = sorted(path for path in tmp_path.rglob("*") if ctx.layout.uploads not in path.parents)
    folders = json.dumps([{"library": shown.library.id}])
    answer = client.post("/api/searches", data={"image": (io.BytesIO(b"image"), name), "folders": folders})
    assert answer.status_code in (202, 422)
    assert all(re.fullmatch("[0-9a-f]{32}", path.name) for path in ctx.layout.uploads.glob("*"))
    now = sorted(path for path in tmp_path.rglob("*") if ctx.layout.uploads not in path.parents)
    assert [path for path in now if path not in around and path.parent != ctx.layout.uploads.parent] in (
        [], [ctx.layout.uploads.parent],
    )  # fmt: skip


@pytest.mark.parametrize("what", ["file.jpg", "pipe", "socket", "link/missing"])
def test_only_a_folder_becomes_a_library(client: FlaskClient, trap: Path, what: str) -> None:
    refused(client.post("/api/libraries", json={"path": str(trap / what)}))


def test_a_device_is_neither_a_library_nor_listed(client: FlaskClient) -> None:
    refused(client.post("/api/libraries", json={"path": "/dev/null"}))
    refused(client.post("/api/libraries", json={"path": "/dev/zero"}))
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_linked_folder_becomes_a_library_under_its_true_name(client: FlaskClient, trap: Path) -> None:
    added = client.post("/api/libraries", json={"path": str(trap / "link")}).json
    assert added["path"] == str(trap.parent / "secret")


def test_a_mount_point_inside_a_library_is_part_of_it(client: FlaskClient, shown: Gallery, trap: Path) -> None:
    def look() -> None:
        mount_memory(trap / "trip")
        (trap / "trip" / "from the card").mkdir()
        listing = client.get(f"/api/libraries/{shown.library.id}/folders?path_b64={encode(b'trip')}").json
        assert [folder["name"] for folder in listing["inside"]] == ["from the card"]

    in_own_mounts(look)


def test_names_that_unicode_calls_equal_are_two(client: FlaskClient, shown: Gallery, trap: Path) -> None:
    address = f"/api/libraries/{shown.library.id}/folders"
    assert client.get(address, query_string={"path_b64": encode(COMPOSED.encode())}).status_code == 200
    assert client.get(address, query_string={"path_b64": encode(DECOMPOSED.encode())}).status_code == 404


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.one_of(st.binary(max_size=300), st.text("./\\%2e\0a", max_size=20).map(str.encode)), raw=st.booleans())
def test_any_path_at_all_is_answered_or_refused(client: FlaskClient, shown: Gallery, path: bytes, raw: bool) -> None:
    sent = path if raw else base64.urlsafe_b64encode(path)
    answer = client.get(f"/api/libraries/{shown.library.id}/folders?path_b64={quote(sent)}")
    assert answer.status_code in (200, 403, 404, 422)
