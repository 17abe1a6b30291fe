"""``lookalike up``, which runs everything on this machine, and ``lookalike worker``, which runs one worker."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from cli import programs
from cli.scan import FOLDER
from cli.session import Session, session
from cli.stack import Stack, answers, check_port
from shared import data_format, exposition
from shared.context import connect
from shared.domain.errors import InvalidRequest
from shared.services import access, libraries
from shared.settings import Settings

DEMO = "demo"
_ANSWER_S = 60.0


@click.command()
@click.argument("folders", metavar="[LIBRARY]...", nargs=-1, type=FOLDER)
@click.option("--host", help="Address the page listens on.  [default: LOOKALIKE_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the page.  [default: LOOKALIKE_PORT or 5000]")
def up(folders: tuple[Path, ...], host: str | None, port: int | None) -> None:
    """Run everything on this machine: Redis, workers, the web page and Flower. Ctrl-C stops it all.

    LIBRARY: folders that may be scanned. Without any, a small demo library is made to try things on.
    """
    settings = Settings.from_environment()
    settings = replace(settings, host=host or settings.host, port=port or settings.port)
    access.check_exposure(settings)
    check_port(settings.host, settings.port, "--port")
    check_port("127.0.0.1", settings.flower_port, "LOOKALIKE_FLOWER_PORT")
    with _stopped_by_ctrl_c(), session(settings) as here:
        _register(here, folders)
        with Stack(settings, here.redis_url, _tell) as stack:
            _start(here, stack)
            stack.run()


@contextmanager
def _stopped_by_ctrl_c() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        _tell("Stopped.")


def _tell(message: str) -> None:
    click.echo(message, err=True)


def _register(here: Session, folders: tuple[Path, ...]) -> None:
    for folder in folders:
        libraries.add(here.ctx, folder)
    if not libraries.listed(here.ctx):
        from workers import demo  # image libraries are loaded for this alone

        place = here.settings.data / DEMO
        demo.make(place)
        libraries.add(here.ctx, place)


def _start(here: Session, stack: Stack) -> None:
    settings = here.settings
    password = settings.flower_password or secrets.token_urlsafe(12)
    if "," in password:
        raise InvalidRequest("LOOKALIKE_FLOWER_PASSWORD must not hold a comma, which Flower takes for a separator.")
    for role in programs.ROLES:
        stack.start(programs.worker(role))
    stack.start(programs.web())
    stack.start(programs.flower(settings, password))
    for line in _announcement(here, stack, password):
        click.echo(line)
    _await_page(settings, stack)


def _announcement(here: Session, stack: Stack, password: str) -> Iterator[str]:
    settings = here.settings
    yield f"Lookalike  {_url(settings.host, settings.port)}"
    yield f"Flower     {_url('127.0.0.1', settings.flower_port)}  user {programs.FLOWER_USER}, password {password}"
    yield f"Data       {settings.data}"
    yield f"Logs       {stack.logs}"
    for library in libraries.listed(here.ctx):
        yield f"Library    {os.fsdecode(library.root)}"


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _await_page(settings: Settings, stack: Stack) -> None:
    deadline = time.monotonic() + _ANSWER_S
    while not answers(settings.host, settings.port):
        stack.tend()
        if time.monotonic() > deadline:
            click.echo(f"The page does not answer yet; see {stack.logs / 'web.log'}.", err=True)
            return
        time.sleep(0.1)
    click.echo("Ready. Ctrl-C stops everything.")


@click.command()
@click.argument("role", type=click.Choice(tuple(programs.ROLES)), envvar="WORKER_ROLE")
def worker(role: str) -> None:
    """Run one worker, for containers and further machines; LOOKALIKE_REDIS_URL names the Redis."""
    settings = Settings.from_environment()
    if settings.redis_url is None:
        raise InvalidRequest("A worker of its own needs LOOKALIKE_REDIS_URL; `lookalike up` starts workers by itself.")
    data_format.admit(connect(settings, settings.redis_url))
    sys.stdout.flush()
    os.environ.update(exposition.environment(settings))
    os.execv(sys.executable, programs.worker_command(role, role))  # noqa: S606 - this very interpreter
