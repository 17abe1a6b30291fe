"""``lookalike watch``: scan every day, and tell what is new since the scan before.

Invariant: a scan that fails is told, and does not end the watch; what is not of the scan's making (Redis away, workers
that die) is tried again the next day too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from cli import report
from cli.following import follow
from cli.interruption import raised
from cli.scan import FOLDER, against, check_output, requested, scan_options, write_result
from cli.session import Workers, session
from shared.domain.errors import InvalidRequest, LookalikeError
from shared.services import scans
from shared.services.news import News, earlier_result, news
from shared.settings import Settings

_LOOK_AGAIN_S = 30.0
"""A clock that is set, or a machine that slept, is noticed within this time."""


@click.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=FOLDER)
@click.option(
    "--at",
    "times",
    metavar="HH:MM",
    multiple=True,
    default=("03:00",),
    help="When to scan, every day; may be repeated.",
)
@click.option("--once", is_flag=True, help="Scan now, tell what is new, and end: for a timer of your own.")
@against
@scan_options
def watch(folders: tuple[Path, ...], times: tuple[str, ...], once: bool, output: str | None, **options: Any) -> None:
    """Scan these folders every day and tell what is new. What is unchanged is not opened again."""
    check_output(output)
    hours = sorted(_hour(text) for text in times)
    if once:
        _scan(folders, output, options)
        return
    with raised():
        while True:
            due = next_time(datetime.now(), hours)  # people mean the clock on their wall
            _tell(f"The next scan is due {due:%Y-%m-%d %H:%M}.")
            _sleep_until(due)
            _scan_or_tell(folders, output, options)


def _hour(text: str) -> tuple[int, int]:
    try:
        at = datetime.strptime(text, "%H:%M")
    except ValueError:
        raise InvalidRequest(f"--at {text!r} is no time of day. Write it as 03:00.") from None
    return at.hour, at.minute


def next_time(now: datetime, hours: list[tuple[int, int]]) -> datetime:
    """The first moment after ``now`` that is one of these hours and minutes of a day."""
    days = (now.replace(second=0, microsecond=0) + timedelta(days=day) for day in (0, 1))
    return min(due for day in days for hour, minute in hours if (due := day.replace(hour=hour, minute=minute)) > now)


def _sleep_until(due: datetime) -> None:
    while (left_s := (due - datetime.now()).total_seconds()) > 0:
        time.sleep(min(left_s, _LOOK_AGAIN_S))


def _scan_or_tell(folders: tuple[Path, ...], output: str | None, options: dict[str, Any]) -> None:
    try:
        _scan(folders, output, options)
    except LookalikeError as error:
        _tell(f"{datetime.now():%Y-%m-%d %H:%M}  The scan failed: {error.message}")
    except (RedisError, OperationalError) as error:
        _tell(f"{datetime.now():%Y-%m-%d %H:%M}  Redis does not answer: {error}.")


def _scan(folders: tuple[Path, ...], output: str | None, options: dict[str, Any]) -> None:
    with session(Settings.from_environment()) as here:
        wanted = requested(here.ctx, folders, **options)
        before = earlier_result(here.ctx, wanted)
        scan_id = scans.request(here.ctx, wanted)
        with Workers(here, _tell) as workers:
            follow(here.ctx, scan_id, workers.tend)
            result = scans.result(here.ctx, scan_id)
    for line in summary(news(result, before)):
        click.echo(line)
    if output is not None:
        write_result(result, output)


def summary(new: News) -> Iterator[str]:
    """What is new, for a person to read."""
    when = datetime.now().strftime("%Y-%m-%d %H:%M")
    change = "" if not new.more else f" ({abs(new.more):,} {'more' if new.more > 0 else 'fewer'} than before)"
    yield f"{when}  {new.images:,} images{change}, {len(new.pairs):,} new matches."
    for pair in new.pairs:
        yield f"  {report.percent(pair['similarity'])}  {pair['a']}  and  {pair['b']}"
    for file in new.unreadable:
        yield f"  cannot be read: {file['path']}: {file['reason']}"


def _tell(message: str) -> None:
    click.echo(message, err=True)
