"""Is it there already? Asked over the API, answered by a real compare worker from what a real scan has read."""

from __future__ import annotations

import io
import os
import time
from hashlib import sha256
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from shared.context import Context
from shared.domain.access import Scope
from shared.domain.scan import Folder, Preset, ScanRequest, State
from shared.names import THUMBNAILS_QUEUE
from shared.services import access, libraries, scans
from shared.settings import Settings
from shared.store import presence
from tests import pictures
from tests.integration.conftest import await_end
from web.app import create_app

OLD = 1_600_000_000


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return Settings(data=settings.data, decoders=1, password="open sesame")


@pytest.fixture
def album(ctx: Context, tmp_path: Path, stack) -> Path:  # type: ignore[no-untyped-def]
    """Four photographs that a scan has read, the first of them twice."""
    root = tmp_path / "album"
    (root / "copies").mkdir(parents=True)
    for n in range(4):
        pictures.photo(n, (640, 480)).save(root / f"{n}.jpg", quality=92)
    (root / "copies" / "0.jpg").write_bytes((root / "0.jpg").read_bytes())
    for path in root.rglob("*.jpg"):
        os.utime(path, (OLD, OLD))
    stack()
    library = libraries.add(ctx, root)
    assert (
        await_end(ctx, scans.request(ctx, ScanRequest((Folder(library.id),), preset=Preset.NEAR))).state is State.DONE
    )
    while presence.last_served(ctx.redis, THUMBNAILS_QUEUE) is None:  # workers say so every few seconds
        time.sleep(0.05)
    return root


@pytest.fixture
def reader(ctx: Context) -> FlaskClient:
    """A program that may only read."""
    client = create_app(ctx).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {access.make_token(ctx, 'camera', Scope.READ)[1]}"
    return client


def test_a_picture_is_known_by_its_bytes_its_look_or_its_hashes(
    ctx: Context, album: Path, reader: FlaskClient, tmp_path: Path
) -> None:
    def ask(**form: object) -> dict:  # type: ignore[type-arg]
        answer = reader.post("/api/check", data=form)
        assert answer.status_code == 200, answer.json
        return answer.json  # type: ignore[no-any-return]

    def paths(found: dict) -> list[str]:  # type: ignore[type-arg]
        return [str(Path(place["path"]).relative_to(album)) for place in found["places"]]

    before = {key: ctx.redis.type(key) for key in ctx.redis.keys("lookalike:v1:scan*")}  # type: ignore[union-attr]
    with (album / "0.jpg").open("rb") as image:
        equal = ask(image=(image, "mine.jpg"))
    assert paths(equal) == ["0.jpg", "copies/0.jpg"]
    assert {(place["kind"], place["similarity"]) for place in equal["places"]} == {("exact", 1.0)}

    pictures.photo(2, (640, 480)).resize((320, 240)).save(tmp_path / "small.jpg", quality=70)
    with (tmp_path / "small.jpg").open("rb") as image:
        similar = ask(image=(image, "small.jpg"))
    assert paths(similar) == ["2.jpg"]
    assert similar["places"][0]["kind"] == "look-alike"
    assert 0.8 < similar["places"][0]["ssim"] < 1

    pictures.photo(77, (640, 480)).save(tmp_path / "new.jpg")
    with (tmp_path / "new.jpg").open("rb") as image:
        unknown = ask(image=(image, "new.jpg"))
    assert (unknown["known"], unknown["places"]) == (False, [])

    assert paths(ask(sha256=sha256((album / "3.jpg").read_bytes()).hexdigest().upper())) == ["3.jpg"]
    by_look = ask(phash=similar["phash"])
    assert paths(by_look) == ["2.jpg"]
    assert by_look["places"][0]["similarity"] is None

    (album / "3.jpg").rename(album / "moved.jpg")
    assert not ask(sha256=sha256((album / "moved.jpg").read_bytes()).hexdigest())["known"]

    torn = reader.post("/api/check", data={"image": (io.BytesIO(b"no picture"), "torn.jpg")})
    assert (torn.status_code, torn.json["error"]["code"]) == (422, "upload_unreadable")
    assert list(ctx.layout.uploads.iterdir()) == []
    assert not ctx.redis.keys("lookalike:v1:check:*")
    assert {key: ctx.redis.type(key) for key in ctx.redis.keys("lookalike:v1:scan*")} == before  # type: ignore[union-attr]
