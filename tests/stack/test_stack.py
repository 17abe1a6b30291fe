"""The containers as people run them: built, started, scaled, disturbed, watched, stopped and started again.

The tests of this module share one stack and run in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.stack.conftest import COPIED, OWNER, PICTURES, PIP_CONF
from tests.stack.stack import Stack, until, up

pytestmark = [pytest.mark.stack, pytest.mark.timeout(2400)]

OURS = ("web", "flower", "worker-extract", "worker-compare", "worker-files")
ALL = (*OURS, "redis")
GB = 10**9
MB = 10**6


@pytest.fixture(scope="module")
def stack(built: Stack) -> Iterator[Stack]:
    with up(built, "--scale", "worker-compare=2"):
        built.await_health(ALL)
        built.sign_in()
        yield built


@pytest.fixture(scope="module")
def scanned(stack: Stack) -> dict[str, Any]:
    """A scan during which comparison went from two workers to four and lost one that was at work."""
    scan = stack.ask("/api/scans", {"folders": _whole_library(stack), "preset": "near"})
    until(lambda: _compared(stack, scan["id"]) > 0.05, 300, "comparison begins")
    working = stack.containers("worker-compare")
    # Compose may take longer to start two more than they take to end the scan (and starts none where one is paused)
    _signal(stack, working, "STOP")
    stack("up", "--detach", "--no-recreate", "--scale", "worker-compare=4")
    assert len(stack.containers("worker-compare")) == 4
    assert stack.ask(f"/api/scans/{scan['id']}")["state"] == "running", "it ended before anything was disturbed"
    _signal(stack, working, "CONT")
    stack.docker("kill", working[-1])
    killed_at = _compared(stack, scan["id"])
    until(lambda: stack.ask(f"/api/scans/{scan['id']}")["state"] != "running", 300, "the scan ends")
    assert killed_at < 1.0, "it ended before anything was disturbed"
    ended: dict[str, Any] = stack.ask(f"/api/scans/{scan['id']}")
    return ended


def _signal(stack: Stack, containers: list[str], signal: str) -> None:
    """Send a signal to all that runs in these containers but their first process."""
    for container in containers:
        stack.docker("exec", container, "sh", "-c", f"kill -{signal} -1")


def _whole_library(stack: Stack) -> list[dict[str, str]]:
    return [{"library": stack.ask("/api/libraries")["libraries"][0]["id"], "path_b64": ""}]


def _compared(stack: Stack, scan: str) -> float:
    """The part of all pairs that is compared."""
    pairs = stack.ask(f"/api/scans/{scan}")["pairs"]
    return float(pairs["done"] / pairs["total"]) if pairs["total"] else 0.0


def test_images_are_as_small_as_stated(built: Stack) -> None:
    base, web, worker = (
        built.inspect(image)["Size"] for image in ("python:3.11-slim-bookworm", "lookalike-web", "lookalike-worker:cpu")
    )
    print(f"\nbase {base / MB:.0f} MB, web {web / MB:.0f} MB, worker {worker / MB:.0f} MB")  # noqa: T201 - docs quote it
    assert web - base < 200 * MB
    assert worker < 2.2 * GB


def test_the_web_image_holds_no_image_library(built: Stack) -> None:
    command = ("run", "--rm", "--entrypoint", "python", "lookalike-web", "-c")
    script = "import importlib.util as i; print([n for n in ('numpy', 'PIL', 'tensorflow', 'keras') if i.find_spec(n)])"
    assert built.docker(*command, script).strip() == "[]"


@pytest.mark.parametrize("image", ["lookalike-web", "lookalike-worker:cpu"])
def test_what_a_closed_network_passes_to_the_build_leaves_no_trace(built: Stack, image: str) -> None:
    marks = [PIP_CONF.splitlines()[-1], *built.environment["CA_CERTIFICATES"].splitlines()[1:2]]
    told = json.dumps(built.inspect(image)) + built.docker("history", "--no-trunc", image)
    assert not [mark for mark in marks if mark in told]
    looked = ("run", "--rm", "--user", "0", "--entrypoint", "sh", image, "-c")
    for mark in marks:
        script = f"grep -rlF '{mark}' /etc /opt /root /home /tmp /app /var /usr/local || true"
        assert built.docker(*looked, script).split() == []


def test_every_container_is_confined(stack: Stack) -> None:
    for service in ALL:
        for container in stack.containers(service):
            host = stack.inspect(container)["HostConfig"]
            assert host["ReadonlyRootfs"], service
            assert host["CapDrop"] == ["ALL"], service
            assert "no-new-privileges:true" in host["SecurityOpt"], service
            assert stack.docker("exec", container, "id", "-u").strip() != "0", service
            status = stack.docker("exec", container, "cat", "/proc/1/status")
            assert "CapEff:\t0000000000000000" in status, service
            assert _fails(stack, container, "touch", "/written")


def test_our_containers_run_as_the_owner_of_the_library(stack: Stack) -> None:
    for service in OURS:
        assert stack.inside(service, "id", "-u").strip() == str(OWNER)


def test_only_the_files_worker_may_write_to_the_library(stack: Stack) -> None:
    for service in ("web", "worker-extract", "worker-compare"):
        assert _fails(stack, stack.containers(service)[0], "touch", "/library/written"), service
    stack.inside("worker-files", "touch", "/library/written")
    stack.inside("worker-files", "rm", "/library/written")


def _fails(stack: Stack, container: str, *command: str) -> bool:
    with pytest.raises(AssertionError):
        stack.docker("exec", container, *command)
    return True


def test_nothing_is_published_but_the_page_and_flower_on_loopback(stack: Stack) -> None:
    published = {}
    for service in ALL:
        ports = stack.inspect(stack.containers(service)[0])["NetworkSettings"]["Ports"]
        published[service] = [binding for bindings in ports.values() for binding in bindings or ()]
    assert {service for service, bindings in published.items() if bindings} == {"web", "flower"}
    assert {binding["HostIp"] for bindings in published.values() for binding in bindings} == {"127.0.0.1"}


def test_a_scan_that_was_scaled_and_disturbed_has_the_right_result(stack: Stack, scanned: dict[str, Any]) -> None:
    assert scanned["state"] == "done", scanned["error"]
    result = stack.ask(f"/api/scans/{scanned['id']}/result")
    assert result["images"] == PICTURES + 2 * COPIED
    assert [Path(one["path"]).name for one in result["unreadable"]] == ["torn.jpg"]
    groups = {
        frozenset(Path(p).name for p in (group["keeper"], *(m["path"] for m in group["members"])))
        for group in result["groups"]
    }
    assert groups == {frozenset({f"{n:03}.jpg", f"{n:03}-copy.jpg", f"{n:03}-small.jpg"}) for n in range(COPIED)}


def test_every_pair_was_counted_once(stack: Stack, scanned: dict[str, Any]) -> None:
    contents = PICTURES + COPIED  # byte-identical copies are one content
    assert scanned["pairs"] == {"total": contents * (contents - 1) // 2, "done": contents * (contents - 1) // 2}


def test_flower_shows_tasks_by_name_and_asks_for_its_password(stack: Stack, scanned: dict[str, Any]) -> None:
    with pytest.raises(HTTPError, match="401"):
        urlopen(f"http://127.0.0.1:{stack.environment['FLOWER_PORT']}/api/workers", timeout=60)
    tasks = stack.flower("/api/tasks?limit=50&taskname=lookalike.v1.compare_blocks").values()
    assert tasks
    assert all(scanned["id"] in task["args"] for task in tasks)
    assert {task["state"] for task in tasks} & {"SUCCESS"}


def test_metrics_are_told_inside_alone(stack: Stack, scanned: dict[str, Any]) -> None:
    script = "import sys, urllib.request as u; print(u.urlopen(f'http://{sys.argv[1]}:9464/metrics').read().decode())"
    told = {s: stack.inside("web", "python", "-c", script, s) for s in ("web", "worker-extract", "worker-compare")}
    assert 'lookalike_queue_length{queue="compare"} 0.0' in told["web"]
    assert "lookalike_redis_up 1.0" in told["web"]
    assert 'lookalike_unreadable_total{reason="' in told["worker-extract"]
    assert _value(told["worker-extract"], "lookalike_images_total") == PICTURES + 2 * COPIED + 1
    assert _value(told["worker-compare"], "lookalike_pairs_total") > 0


def _value(told: str, name: str) -> float:
    return next(float(line.split()[1]) for line in told.splitlines() if line.startswith(f"{name} "))


def test_an_image_is_deleted_to_the_trash_of_its_owner(stack: Stack, scanned: dict[str, Any], library: Path) -> None:
    group = stack.ask(f"/api/scans/{scanned['id']}/groups")["groups"][0]
    doomed = next(m["image"] for m in group["members"] if m["image"]["id"] != group["keeper"])
    batch = stack.ask("/api/batches", {"scan": scanned["id"], "images": [doomed["id"]]})
    until(lambda: stack.ask(f"/api/batches/{batch['id']}")["state"] == "done", 60, "the batch is done")
    trashed = library / f".Trash-{OWNER}" / "files" / doomed["name"]
    assert trashed.stat().st_uid == OWNER
    assert not (library / doomed["name"]).exists()
    undo = stack.ask(f"/api/batches/{batch['id']}/undo", {})
    until(lambda: stack.ask(f"/api/batches/{undo['id']}")["state"] == "done", 60, "the undoing is done")
    assert (library / doomed["name"]).exists()


def test_the_nightly_scan_waits_for_its_hour_and_tells_what_is_new(stack: Stack, scanned: dict[str, Any]) -> None:
    stack("--profile", "watch", "up", "--detach", "--no-recreate", "watch")
    until(lambda: " 03:00." in stack("--profile", "watch", "logs", "watch"), 60, "the watch says when it scans")
    told = stack.inside("watch", "python", "-m", "cli.main", "watch", "/library", "--once", "--preset", "near")
    stack("--profile", "watch", "rm", "--stop", "--force", "watch")
    # asked for like the scan before, and nothing has changed since
    assert f"{PICTURES + 2 * COPIED} images, 0 new matches." in told


def test_everything_is_kept_over_down_and_up(stack: Stack, scanned: dict[str, Any]) -> None:
    before = stack.ask(f"/api/scans/{scanned['id']}/result")
    stack("down")
    stack("up", "--detach")
    stack.await_health(ALL)
    assert stack.ask(f"/api/scans/{scanned['id']}/result") == before
    again = stack.ask("/api/scans", {"folders": _whole_library(stack), "preset": "near"})
    until(lambda: stack.ask(f"/api/scans/{again['id']}")["state"] == "done", 300, "a second scan ends")
    assert stack.ask(f"/api/scans/{again['id']}/result")["groups"] == before["groups"]
