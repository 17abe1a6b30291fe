"""The embedded Redis, with real servers and real processes that come, go and are killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from shared import redis_server
from shared.domain.errors import Unavailable
from shared.embedded import recorded_release, redis_for, revive
from shared.layout import Layout
from shared.settings import Settings

REPOSITORY = Path(__file__).parents[3]
HOLDER = """
import sys
from pathlib import Path
from shared.embedded import redis_for
from shared.settings import Settings
with redis_for(Settings(data=Path(sys.argv[1]))) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(data=tmp_path / "data of mine")
    yield settings
    with redis_for(settings):  # adopts what a failing test may have left behind, and stops it
        pass


@contextlib.contextmanager
def holder(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that uses the stack until its standard input is closed."""
    command = [sys.executable, "-c", HOLDER, str(settings.data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


def process_id(url: str) -> int:
    with Redis.from_url(url) as redis:
        return int(redis.info("server")["process_id"])


def lives(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_with_a_url_set_nothing_is_started_or_written(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", redis_url="redis://elsewhere:6379/3")
    with redis_for(settings) as url:
        assert url == "redis://elsewhere:6379/3"
    assert not settings.data.exists()


def test_server_is_private_persistent_and_evicts_nothing(settings: Settings) -> None:
    with redis_for(settings) as url, Redis.from_url(url) as redis:
        wanted = {"port": "0", "appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
        assert {name: redis.config_get(name)[name] for name in wanted} == wanted
        path = Path(url.removeprefix("unix://"))
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert len(os.fsencode(path)) <= 107
        assert os.getsid(process_id(url)) != os.getsid(0)
    assert not path.parent.exists()


def test_what_was_written_is_there_at_the_next_start(settings: Settings) -> None:
    with redis_for(settings) as url, Redis.from_url(url) as redis:
        redis.set("kept", "yes")
    with redis_for(settings) as url, Redis.from_url(url) as redis:
        assert redis.get("kept") == b"yes"


def test_a_long_path_of_the_data_folder_does_not_reach_the_socket(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path.joinpath(*["a long name for a folder"] * 8))
    with redis_for(settings) as url, Redis.from_url(url) as redis:
        assert redis.ping()


def test_users_share_one_server_and_the_last_one_out_stops_it(settings: Settings) -> None:
    with redis_for(settings) as url:
        pid = process_id(url)
        with holder(settings) as (other, other_url):
            assert other_url == url
            assert process_id(other_url) == pid
            other.communicate()
        assert lives(pid)
    assert not lives(pid)


def test_the_one_who_started_it_may_leave_first(settings: Settings) -> None:
    with holder(settings) as (first, url):
        pid = process_id(url)
        with redis_for(settings) as same_url:
            first.communicate()
            assert same_url == url
            assert process_id(url) == pid
        assert not lives(pid)


def test_interrupting_the_starter_leaves_the_server_to_others(settings: Settings) -> None:
    with holder(settings) as (first, url), redis_for(settings):
        first.send_signal(signal.SIGINT)
        first.wait()
        assert lives(process_id(url))


def test_a_killed_user_does_not_keep_the_server_alive(settings: Settings) -> None:
    with redis_for(settings) as url:
        pid = process_id(url)
        with holder(settings) as (other, _):
            other.kill()
    assert not lives(pid)


def test_a_server_that_outlived_its_users_is_adopted_and_stopped(settings: Settings) -> None:
    with holder(settings) as (only, url):
        pid = process_id(url)
        only.kill()
    assert lives(pid)
    with redis_for(settings) as adopted:
        assert process_id(adopted) == pid
    assert not lives(pid)


def test_a_killed_server_is_started_again_with_its_data(settings: Settings) -> None:
    with redis_for(settings) as url:
        with Redis.from_url(url) as redis:
            redis.set("kept", "yes")
            wait_until(lambda: redis.info("persistence")["aof_pending_bio_fsync"] == 0)
        pid = process_id(url)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not lives(pid))

        def revived() -> bool:
            revive(settings)  # does nothing while a child of the killed server (it rewrites the file) still lives
            try:
                return process_id(url) != pid
            except RedisConnectionError:
                return False

        wait_until(revived)
        with Redis.from_url(url) as redis:
            assert redis.get("kept") == b"yes"


def test_reviving_a_server_that_lives_changes_nothing(settings: Settings) -> None:
    with redis_for(settings) as url:
        pid = process_id(url)
        revive(settings)
        assert process_id(url) == pid


def test_many_who_come_and_go_at_once_always_find_a_server(settings: Settings) -> None:
    script = """
import sys
from pathlib import Path
from redis import Redis
from shared.embedded import redis_for
from shared.settings import Settings
for _ in range(6):
    with redis_for(Settings(data=Path(sys.argv[1]))) as url, Redis.from_url(url) as redis:
        redis.incr("visits")
"""
    command = [sys.executable, "-c", script, str(settings.data)]
    crowd = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(5)]
    assert [(person.communicate()[1], person.returncode) for person in crowd] == [("", 0)] * 5
    with redis_for(settings) as url, Redis.from_url(url) as redis:
        assert redis.get("visits") == b"30"


def test_data_of_a_newer_server_is_refused_and_left_alone(settings: Settings) -> None:
    with redis_for(settings) as url, Redis.from_url(url) as redis:
        redis.set("kept", "yes")
    record = Layout(settings.data).redis / "server.json"
    now = json.loads(record.read_text())
    record.write_text(json.dumps(now | {"version": "99.1.0"}))
    with pytest.raises(Unavailable, match=r"last used by Redis 99\.1,.*LOOKALIKE_REDIS_URL"), redis_for(settings):
        pass
    assert recorded_release(settings) == (99, 1)
    record.write_text(json.dumps(now))
    with redis_for(settings) as url, Redis.from_url(url) as redis:
        assert redis.get("kept") == b"yes"


def test_files_of_redis_7_without_a_record_are_refused_by_an_older_server(settings: Settings) -> None:
    if any(server.release >= (7, 0) for server in redis_server.servers()):
        pytest.skip("needs a machine whose only redis-server is older than 7")
    (Layout(settings.data).redis / "appendonlydir").mkdir(parents=True)
    with pytest.raises(Unavailable, match=r"last used by Redis 7\.0"), redis_for(settings):
        pass
    (Layout(settings.data).redis / "appendonlydir").rmdir()


def test_a_server_that_dies_at_start_is_reported_with_its_log(settings: Settings) -> None:
    damaged = Layout(settings.data).redis / "appendonly.aof"
    with redis_for(settings) as url, Redis.from_url(url) as redis:
        redis.set("a", "b")
    whole = damaged.read_bytes()
    damaged.write_bytes(b"this is no append-only file\r\n" + whole)
    with pytest.raises(Unavailable, match=r"does not start.*Bad file format"), redis_for(settings):
        pass
    damaged.write_bytes(whole)


def test_a_data_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="LOOKALIKE_DATA"), redis_for(Settings(data=tmp_path / "file" / "data")):
        pass


def test_a_runtime_folder_open_to_others_is_refused(settings: Settings) -> None:
    with redis_for(settings) as url:
        folder = Path(url.removeprefix("unix://")).parent
    folder.mkdir()
    folder.chmod(0o777)
    try:
        with pytest.raises(Unavailable, match="private"), redis_for(settings):
            pass
    finally:
        folder.rmdir()


def test_no_redis_server_at_all_is_reported_with_the_remedy() -> None:
    command = "from shared.redis_server import choose; choose(None)"
    bare = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = [sys.argv[1]]; {command}", str(REPOSITORY)],
        env={"PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No redis-server was found" in bare.stderr
    assert "apt install redis-server" in bare.stderr


def test_a_server_on_the_path_is_taken_where_only_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = tmp_path / "redis-server"
    newer.write_text("#!/bin/sh\necho 'Redis server v=98.7.6 sha=0:0'\n")
    newer.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert redis_server.choose((98, 7)).path == newer
    assert redis_server.choose(None).path == redis_server.servers()[0].path
