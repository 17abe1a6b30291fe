"""The embedded Redis: one server a data folder, shared by every process that works on that folder.

Invariants. At most one server runs on a data folder: the server itself holds an exclusive lock
(``server.lock``, an open file it inherits), so that the kernel, not a pid file, says whether it lives.
It lives at least as long as anybody uses it: each user holds a shared lock (``users.lock``), and the
last one out, who gets that lock exclusively, stops it. Starting and stopping happen under a third,
brief lock (``gate.lock``) and therefore never at once. A process that is killed loses its locks with
its life; a server that outlived all of its users is adopted by the next one, who stops it in turn.

The server listens on a Unix socket in a private folder with a short name, because Redis cuts a socket's
path at 107 bytes without a word. It is started in a session of its own, so that Ctrl-C reaches its
users only, and through a shell that leaves at once, so that it is nobody's child.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError
from redis.retry import Retry

from shared.domain.errors import Unavailable
from shared.layout import Layout
from shared.redis_server import Server, choose, dotted
from shared.settings import Settings

LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux, 104 on macOS
ANSWER_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
LOG = "redis-server.log"
RECORD = "server.json"


@contextmanager
def redis_for(settings: Settings) -> Iterator[str]:
    """The URL of the Redis to use, for as long as the block lasts.

    With ``settings.redis_url`` set that is it, untouched. Else the data folder's embedded server is started
    or joined, and stopped by the last one who leaves.

    Raises:
        Unavailable: there is no redis-server, it is too old for the data, or it does not start; the message
            says which, and holds the last lines of the server's log.
    """
    if settings.redis_url is not None:
        yield settings.redis_url
        return
    folder = _store_folder(settings)
    with open(folder / "users.lock", "ab") as users:
        try:
            with _gate(folder):
                fcntl.flock(users, fcntl.LOCK_SH)
                url = _running(folder)
            yield url
        finally:
            with _gate(folder):
                if _locked(users):
                    _stop(folder)


def revive(settings: Settings) -> None:
    """Start the embedded server again where it has died under its users; call it inside :func:`redis_for`.

    One that lives is left alone, however busy it is.

    Raises:
        Unavailable: as :func:`redis_for`.
    """
    if settings.redis_url is None:
        folder = _store_folder(settings)
        with _gate(folder):
            if not _lives(folder):
                _running(folder)


def recorded_release(settings: Settings) -> tuple[int, ...] | None:
    """The release (major, minor) of the server that last used the data folder, None where none has."""
    return _recorded(Layout(settings.data).redis)


def _store_folder(settings: Settings) -> Path:
    folder = Layout(settings.data).redis
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The data folder {settings.data} cannot be used: {error.strerror}. "
            "Set LOOKALIKE_DATA to a folder that you may write."
        ) from error
    return folder.resolve()


@contextmanager
def _gate(folder: Path) -> Iterator[None]:
    with open(folder / "gate.lock", "ab") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def _locked(file: IO[bytes]) -> bool:
    """Whether this open file could be locked exclusively just now; it then is, until it is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _running(folder: Path) -> str:
    """URL of the folder's server, which is started where none lives. Call it behind the gate."""
    started = False
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    while time.monotonic() < deadline:
        with open(folder / "server.lock", "ab") as lock:
            if _locked(lock):
                if started:
                    raise Unavailable(f"Redis does not start. Its last words: {_last_words(folder)}")
                _spawn(folder, lock.fileno())
                started = True
        record = _record(folder)
        try:
            if record and _ping(record["socket"]):
                return f"unix://{record['socket']}"
        except BusyLoadingError:  # reading its files takes as long as it takes
            deadline = time.monotonic() + ANSWER_TIMEOUT_S
        time.sleep(0.02)
    raise Unavailable(_silent(folder))


def _silent(folder: Path) -> str:
    host = (_record(folder) or {}).get("host", "an unknown machine")
    return (
        f"A redis-server on {host} holds {folder} and does not answer. Stop it; or, to share a data folder "
        "between machines, set LOOKALIKE_REDIS_URL on each of them."
    )


def _spawn(folder: Path, lock: int) -> None:
    server = choose(_recorded(folder))
    path = _socket(folder)
    _make_private(path.parent)
    path.unlink(missing_ok=True)  # of a server that was killed
    # before it starts, since a newer server rewrites the older one's files as it reads them
    _write_record(folder, server, path)
    with open(folder / LOG, "wb") as log:
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *_command(server, path)],
            check=True,
            cwd=folder,
            pass_fds=[lock],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _command(server: Server, socket_path: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "daemonize": "no",
        "dir": ".",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "set-proc-title": "yes",
    }
    return [str(server.path), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _last_words(folder: Path) -> str:
    lines = (folder / LOG).read_text(errors="replace").splitlines()
    return " / ".join(line.strip() for line in lines[-5:]) or "none"


def _stop(folder: Path) -> None:
    """Stop the server and wait until it is gone. Call it behind the gate, with nobody else inside."""
    record = _record(folder)
    if record is None:
        return
    pid = _shut_down(record["socket"])
    if pid is None:
        return
    if not _gone(folder):
        os.kill(pid, signal.SIGKILL)  # it would not listen; at most a second of its log is lost
        _gone(folder)
    with suppress(OSError):  # of a folder made by another server
        Path(record["socket"]).parent.rmdir()


def _shut_down(socket_path: str) -> int | None:
    """Ask the server to end; returns its process id, None where it does not answer."""
    pid = None
    with suppress(RedisError), _client(socket_path) as redis:
        pid = int(redis.info("server")["process_id"])
        redis.shutdown()
    return pid


def _gone(folder: Path) -> bool:
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _lives(folder) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _lives(folder)


def _lives(folder: Path) -> bool:
    with open(folder / "server.lock", "ab") as lock:
        return not _locked(lock)


def _client(socket_path: str) -> Redis:
    return Redis(unix_socket_path=socket_path, socket_timeout=STOP_TIMEOUT_S, retry=Retry(NoBackoff(), 0))


def _ping(socket_path: str) -> bool:
    """Whether the server answers. Raises BusyLoadingError while it reads its files."""
    with _client(socket_path) as redis:
        try:
            return bool(redis.ping())
        except BusyLoadingError:
            raise
        except RedisError:
            return False


def _socket(folder: Path) -> Path:
    name = f"lookalike-{hashlib.blake2b(os.fsencode(folder), digest_size=8).hexdigest()}"
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - made private and checked below
        path = parent / name / "redis.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
    raise Unavailable("No folder for temporary files has a path short enough for a socket. Set TMPDIR to one.")


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Unavailable(f"{folder} is not a private folder of yours. Remove it, or set TMPDIR to another place.")


def _record(folder: Path) -> dict[str, str] | None:
    """What the last start wrote down: the server's version and socket, and the machine's name."""
    with suppress(FileNotFoundError):
        return dict(json.loads((folder / RECORD).read_text()))
    return None


def _write_record(folder: Path, server: Server, socket_path: Path) -> None:
    record = {"version": dotted(server.version), "socket": str(socket_path), "host": socket.gethostname()}
    draft = folder / f"{RECORD}.new"
    draft.write_text(json.dumps(record))
    draft.replace(folder / RECORD)


def _recorded(folder: Path) -> tuple[int, ...] | None:
    record = _record(folder)
    if record is not None:
        return tuple(int(number) for number in record["version"].split("."))[:2]
    # written by a Redis of somebody's own: from release 7 on the append-only files have a folder
    return (7, 0) if (folder / "appendonlydir").exists() else None
