"""A Redis that takes no change is told as such, with what to do (a full disk: see tests/faults/test_full_disk.py)."""

from __future__ import annotations

from flask.testing import FlaskClient

from shared.context import Context
from tests.gallery import Gallery


def test_a_redis_without_memory_is_503(client: FlaskClient, shown: Gallery, ctx: Context) -> None:
    ctx.redis.config_set("maxmemory", 1)
    body = {"folders": [{"library": shown.library.id, "path_b64": ""}], "preset": "near"}
    response = client.post("/api/scans", json=body)
    error = response.get_json()["error"]
    assert (response.status_code, error["code"]) == (503, "unavailable")
    assert "Make room" in error["message"]
    assert client.get("/api/scans").status_code == 200, "what is there can be read"
