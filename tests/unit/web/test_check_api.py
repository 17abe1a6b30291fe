"""Asking whether a picture is there already: what is refused, and what a program is told where nobody answers."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared.context import Context
from shared.names import THUMBNAILS_QUEUE
from shared.services import checks
from shared.store import presence
from tests.unit.web.conftest import Changed

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 400),
        ({"sha256": "ab"}, 422),
        ({"phash": "xyz"}, 422),
        ({"sha256": DIGEST, "max_distance": "65"}, 422),
        ({"image": (io.BytesIO(b""), "empty.jpg")}, 400),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(client: FlaskClient, form: dict[str, Any], status: int) -> None:
    answer = client.post("/api/check", data=form, content_type="multipart/form-data")
    assert answer.status_code == status, answer.json


def test_without_workers_it_is_said_at_once(client: FlaskClient, ctx: Context) -> None:
    for form in ({"sha256": DIGEST}, {"image": (io.BytesIO(b"a picture"), "a.jpg")}):
        begun = time.monotonic()
        answer = client.post("/api/check", data=form)
        assert (answer.status_code, answer.json["error"]["code"]) == (503, "no_worker")
        assert time.monotonic() - begun < checks.ANSWER_S / 2
    assert list(ctx.layout.uploads.iterdir()) == []


def test_workers_that_do_not_answer_are_not_waited_for_for_ever(
    client: FlaskClient, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "ANSWER_S", 0.1)
    presence.serve(ctx.redis, [THUMBNAILS_QUEUE], time.time())
    answer = client.post("/api/check", data={"sha256": DIGEST})
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "no_worker")
    assert ctx.redis.keys("lookalike:v1:check:*") == []


def test_a_read_only_lookalike_answers_too(with_settings: Changed) -> None:
    answer = with_settings(read_only=True).post("/api/check", data={"sha256": DIGEST})
    assert answer.json["error"]["code"] == "no_worker"
