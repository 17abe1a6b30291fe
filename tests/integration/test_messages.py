"""A worker refuses messages that nobody of ours has sent: it logs them, drops them, and goes on with its work."""

from __future__ import annotations

import base64
import json
import pickle
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from shared.context import Context
from shared.domain.model import library_id
from shared.domain.scan import Folder, Phase, Preset, ScanRequest
from shared.names import MAKE_THUMBNAILS, PLAN_SCAN, RUN_BATCH
from shared.services import libraries, scans
from tests import pictures
from tests.integration.conftest import StartWorker, Worker
from workers.messages import BATCH, IMAGES, SCAN, UNIT

ID = "5ca9000000000001"
QUEUE = "lookalike:v1:celery:files"


class Bomb:
    """Unpickled, it would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def message(task: str, body: bytes, content: str = "application/json") -> str:
    """A message as Celery lays it out, with a body of our own making."""
    identity = uuid.uuid4().hex
    headers = {"lang": "py", "task": task, "id": identity, "root_id": identity, "parent_id": None, "group": None}
    properties = {
        "correlation_id": identity, "reply_to": "", "delivery_mode": 2, "priority": 0, "body_encoding": "base64",
        "delivery_info": {"exchange": "", "routing_key": "files"}, "delivery_tag": identity,
    }  # fmt: skip
    envelope = {
        "body": base64.b64encode(body).decode(), "content-encoding": "utf-8", "content-type": content,
        "headers": headers, "properties": properties,
    }  # fmt: skip
    return json.dumps(envelope)


def call(*arguments: object, **named: object) -> bytes:
    return json.dumps([arguments, named, {}]).encode()


def test_forged_and_old_messages_are_logged_and_dropped(
    ctx: Context, start_worker: StartWorker, tmp_path: Path
) -> None:
    pictures.library(tmp_path / "library", count=8)
    worker: Worker = start_worker("files")
    worker.await_log("ready")
    exploded = tmp_path / "exploded"
    forged = {
        "lookalike.v0.plan_scan": message("lookalike.v0.plan_scan", call(ID, 0)),
        "os.system": message("os.system", call("true")),
        "pickle": message(PLAN_SCAN, pickle.dumps(Bomb(exploded)), "application/x-python-serialize"),
        "other arguments": message(PLAN_SCAN, call(ID)),
        "scan's id": message(PLAN_SCAN, call("../../etc", 0)),
        "unit's number": message(PLAN_SCAN, call(ID, -1)),
        "batch's id": message(RUN_BATCH, call("*")),
        "list of images": message(MAKE_THUMBNAILS, call(ID, ["../x"])),
    }
    for text in forged.values():
        ctx.redis.lpush(QUEUE, text)
    for words in forged:
        worker.await_log(words, timeout_s=20)
    folder = tmp_path / "library"
    scan_id = scans.request(ctx, ScanRequest(folders=(Folder(libraries.add(ctx, folder).id, b""),), preset=Preset.NEAR))
    worker.await_log(scan_id, "unit_done")  # it works on
    assert worker.process.poll() is None
    assert not exploded.exists()
    assert ctx.redis.llen(QUEUE) == 0
    deadline = time.monotonic() + 10
    while ctx.redis.hlen("lookalike:v1:celery:unacked"):  # what was refused is acknowledged, never delivered again
        assert time.monotonic() < deadline, worker.log[-4000:]
        time.sleep(0.05)


def test_a_unit_that_a_scan_does_not_have_is_not_counted(ctx: Context, tmp_path: Path) -> None:
    from workers import units
    from workers.stages.plan import plan

    pictures.library(tmp_path / "library", count=8)
    folder = Folder(libraries.add(ctx, tmp_path / "library").id, b"")
    scan_id = scans.request(ctx, ScanRequest(folders=(folder,), preset=Preset.NEAR))
    before = scans.progress(ctx, scan_id)
    units.run(ctx, scan_id, Phase.PLAN, 1, plan)
    assert scans.progress(ctx, scan_id) == before


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        (SCAN, [ID], ["", ID.upper(), ID + "\n", ID[:-1], ID + "0", 5, None, ["a"], "../../../../etc/x"]),
        (BATCH, [uuid.UUID(int=7).hex], [ID, "*" * 32, str(uuid.UUID(int=7)), b"0" * 32, 0]),
        (UNIT, [0, 7, 10**6], [-1, 1 << 40, True, 1.0, "1", None, []]),
        (IMAGES, [[], [library_id(b"/x")] * 3], [None, "0" * 32, ["0" * 31], [library_id(b"/x"), "../x"], {}]),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else "",
)
def test_only_what_looks_like_ours_passes(form: Any, good: list[object], bad: list[object]) -> None:
    assert all(map(form.fits, good))
    assert not any(map(form.fits, bad))
