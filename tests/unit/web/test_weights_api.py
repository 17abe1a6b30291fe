"""The weights over the API: asked once, the answer kept on the server, a failure told as one."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from shared.broker import messages
from shared.context import Context
from shared.domain.errors import Conflict, Forbidden
from shared.domain.weights import BYTES, WeightsState
from shared.names import DOWNLOAD_WEIGHTS, EXTRACT_QUEUE
from shared.services import weights
from shared.store import weights as store
from tests.gallery import fake_weights


def sent(ctx: Context) -> list[tuple[object, ...]]:
    return [message for message in messages(ctx.redis, EXTRACT_QUEUE) if message[0] == DOWNLOAD_WEIGHTS]


def test_nobody_has_been_asked_at_first(client: FlaskClient) -> None:
    assert client.get("/api/weights").json == {
        "model": "VGG16", "state": "missing", "size": BYTES, "loaded": 0, "reason": None, "asked": False,
    }  # fmt: skip


def test_no_is_remembered_in_the_data_folder_and_downloads_nothing(client: FlaskClient, ctx: Context) -> None:
    answer = client.post("/api/weights", json={"download": False})
    assert (answer.status_code, answer.json["state"], answer.json["asked"]) == (202, "missing", True)
    ctx.redis.flushdb()
    assert client.get("/api/weights").json["asked"]
    assert sent(ctx) == []


def test_yes_sends_one_task_until_it_has_ended(client: FlaskClient, ctx: Context) -> None:
    for _ in range(2):
        assert client.post("/api/weights", json={"download": True}).json["state"] == "waiting"
    assert len(sent(ctx)) == 1
    store.tell(ctx.redis, 120_000_000, time.time())
    found = client.get("/api/weights").json
    assert (found["state"], found["loaded"]) == ("loading", 120_000_000)
    store.fail(ctx.redis, "There is no network.", time.time())
    found = client.get("/api/weights").json
    assert (found["state"], found["reason"]) == ("failed", "There is no network.")
    assert client.post("/api/weights", json={"download": True}).json["state"] == "waiting"


def test_a_download_that_fell_silent_has_failed_and_one_that_waits_has_not(ctx: Context) -> None:
    store.begin(ctx.redis, time.time() - 1000)
    assert weights.look(ctx).state is WeightsState.WAITING
    store.tell(ctx.redis, 5, time.time() - 1000)
    found = weights.look(ctx)
    assert (found.state, found.reason) == (WeightsState.FAILED, store.CUT_OFF)


def test_what_is_here_is_here_whatever_became_of_a_download(client: FlaskClient, ctx: Context) -> None:
    store.fail(ctx.redis, "There is no network.", time.time())
    fake_weights(ctx, "VGG16/models/got.h5")
    (ctx.layout.weights / "VGG16" / "complete").write_text("models/got.h5")
    found = client.get("/api/weights").json
    assert (found["state"], found["reason"]) == ("here", None)
    assert client.post("/api/weights", json={"download": True}).json["state"] == "here"
    assert sent(ctx) == []


def test_weights_that_were_named_are_not_downloaded(ctx: Context, tmp_path: Path) -> None:
    named = replace(ctx, settings=replace(ctx.settings, weights=tmp_path / "vgg16.h5"))
    assert weights.look(named).asked
    with pytest.raises(Conflict, match="LOOKALIKE_WEIGHTS"):
        weights.answer(named, download=True)
    assert sent(ctx) == []
    (tmp_path / "vgg16.h5").touch()
    assert weights.look(named).state is WeightsState.HERE


def test_read_only_downloads_nothing(ctx: Context) -> None:
    with pytest.raises(Forbidden):
        weights.answer(replace(ctx, settings=replace(ctx.settings, read_only=True)), download=True)
    assert not weights.look(ctx).asked
