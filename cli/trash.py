"""``lookalike trash``: list, bring back, or remove for good what was deleted."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

import click

from cli.session import Session, Workers, session
from shared.domain.errors import Conflict, LookalikeError
from shared.services import review
from shared.services import trash as service
from shared.services.trash import Batch, TrashEntry
from shared.settings import Settings

_PERIOD_S = 0.1


@click.group()
def trash() -> None:
    """List, restore or purge deleted images."""


@trash.command("list")
def list_() -> None:
    """List what lies in the trash of all libraries, the latest first."""
    with session(Settings.from_environment()) as here:
        entries, roots = service.listed(here.ctx), review.roots(here.ctx)
        for entry in entries:
            click.echo(_line(here, entry, roots))
    if not entries:
        click.echo("The trash is empty.", err=True)


@trash.command()
@click.argument("entries", metavar="[ENTRY]...", nargs=-1)
@click.option("--batch", help="Restore all that this deletion moved.")
def restore(entries: tuple[str, ...], batch: str | None) -> None:
    """Bring images back to where they were: these entries, a batch, or (without either) the last deletion."""
    if entries and batch:
        raise click.UsageError("Name entries or a batch, not both.")
    with session(Settings.from_environment()) as here:
        for batch_id, chosen in _to_restore(here, entries, batch).items():
            _carry_out(here, service.restore(here.ctx, batch_id, chosen), "restored")


def _to_restore(here: Session, entries: Sequence[str], batch: str | None) -> dict[str, list[str] | None]:
    """Batch id to the entries of it that are wanted, None for all."""
    if entries:
        wanted = defaultdict(list)
        for entry in _found(here, entries):
            wanted[entry.batch].append(entry.id)
        return dict(wanted)
    if batch is None:
        last = service.last_batch(here.ctx)
        if last is None:
            raise Conflict("Nothing that was deleted lies in the trash.")
        if last.plan is not None:
            return {entry.batch: None for entry in service.restorable(here.ctx) if entry.plan == last.plan}
        batch = last.id
    return {batch: None}


def _found(here: Session, entries: Sequence[str]) -> list[TrashEntry]:
    known = {entry.id: entry for entry in service.listed(here.ctx)}
    unknown = [entry for entry in entries if entry not in known]
    if unknown:
        raise click.UsageError(f"Not in the trash: {', '.join(unknown)}. See `lookalike trash list`.")
    return [known[entry] for entry in dict.fromkeys(entries)]


@trash.command()
@click.argument("entries", metavar="[ENTRY]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Purge all that lies in the trash.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(entries: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Remove images for good. This cannot be undone, and is asked twice."""
    if bool(entries) == everything:
        raise click.UsageError("Name the entries to purge, or --all.")
    with session(Settings.from_environment()) as here:
        doomed = service.listed(here.ctx) if everything else _found(here, entries)
        if not doomed:
            click.echo("The trash is empty.", err=True)
            return
        if not yes:
            _ask_twice(here, doomed)
        _carry_out(here, service.purge(here.ctx, [entry.id for entry in doomed], confirmed=True), "purged")


def _ask_twice(here: Session, doomed: Sequence[TrashEntry]) -> None:
    roots = review.roots(here.ctx)
    for entry in doomed:
        click.echo(_line(here, entry, roots))
    click.confirm(f"Remove {len(doomed)} of your files for good?", abort=True)
    click.confirm("They cannot be brought back. Are you sure?", abort=True)


def _carry_out(here: Session, batch_id: str, done: str) -> None:
    """Wait for a batch and tell what became of it. Raises LookalikeError where something was refused."""
    with Workers(here, lambda message: click.echo(message, err=True), ("files",)) as workers:
        batch = service.batch(here.ctx, batch_id)
        while batch.state != "done":
            workers.tend()
            time.sleep(_PERIOD_S)
            batch = service.batch(here.ctx, batch_id)
    _tell_outcome(here, batch, done)


def _tell_outcome(here: Session, batch: Batch, done: str) -> None:
    refused = [outcome for outcome in batch.outcomes if outcome.state == "refused"]
    for outcome in refused:
        path = review.display_path(here.ctx, outcome.library, outcome.path)
        click.echo(f"{path}: {outcome.reason}", err=True)
    click.echo(f"{len(batch.outcomes) - len(refused)} {done}.")
    if refused:
        raise LookalikeError(f"{len(refused)} could not be {done}.")


def _line(here: Session, entry: TrashEntry, roots: Mapping[str, bytes]) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.deleted))
    return f"{entry.id}  {when}  {entry.size:>12,}  {review.display_path(here.ctx, entry.library, entry.path, roots)}"
