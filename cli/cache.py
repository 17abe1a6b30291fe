"""``lookalike cache``: what the feature store holds, whether it is sound, and clearing it of what nobody needs."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from cli.session import session
from shared.domain.errors import Conflict, NotFound
from shared.layout import Layout
from shared.settings import Settings
from shared.store import scans as store

_MB = 1e6


@click.group()
def cache() -> None:
    """Look after the features that were computed, so that they need not be computed again."""


@cache.command()
def info() -> None:
    """List the spaces of the store: what was computed in one way, one row a content."""
    from workers import upkeep  # it needs NumPy and Arrow

    folders = upkeep.spaces(_root())
    if not folders:
        click.echo("Nothing is stored yet.", err=True)
        return
    click.echo(f"{'space':<44} {'contents':>10} {'segments':>9} {'MB':>10}  last written")
    for folder in folders:
        held = upkeep.holdings(folder)
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(held.written)) if held.segments else "-"
        click.echo(f"{held.name:<44} {held.contents:>10,} {held.segments:>9,} {held.size / _MB:>10,.1f}  {when}")


@cache.command()
@click.option("--remove", is_flag=True, help="Remove what is damaged; it is computed anew when it is needed.")
def verify(remove: bool) -> None:
    """Read the whole store and compare it with the checksums that were kept. Status 1 where something is damaged."""
    from workers import segments, upkeep

    damaged = 0
    for folder in upkeep.spaces(_root()):
        for damage in upkeep.damages(folder):
            damaged += 1
            click.echo(f"{folder.name}/{damage.index.stem}: {damage.reason}")
            if remove:
                segments.remove(damage.index)
    if not damaged:
        click.echo("Everything is as it was written.")
    elif remove:
        click.echo(f"{damaged} damaged segments were removed.")
    else:
        click.echo(f"{damaged} segments are damaged. `lookalike cache verify --remove` removes them.", err=True)
        sys.exit(1)


@cache.command()
@click.option("--space", "names", multiple=True, help="Remove this space with all that it holds. May be repeated.")
@click.option("--yes", is_flag=True, help="Do not ask before a space is removed.")
def prune(names: tuple[str, ...], yes: bool) -> None:
    """Merge small segments into few large ones, and remove what is damaged, unused or left by interrupted writers.

    This is safe while scans run; a space can be removed only when none does.
    """
    from workers import upkeep

    root = _root()
    if names:
        _remove_spaces(root, names, yes)
    for folder in upkeep.spaces(root):
        done = upkeep.prune(folder)
        click.echo(
            f"{folder.name}: {done.merged} segments merged, {done.damaged} damaged and {done.leftovers} unfinished "
            f"removed, {done.freed / _MB:,.1f} MB freed"
        )
    count, freed = upkeep.forget(Layout(Settings.from_environment().data).comparison)
    if count:
        click.echo(f"Comparisons that no scan has used for 90 days: {count} files removed, {freed / _MB:,.1f} MB freed")


def _remove_spaces(root: Path, names: Sequence[str], yes: bool) -> None:
    from workers import upkeep

    folders = {folder.name: folder for folder in upkeep.spaces(root)}
    unknown = [name for name in names if name not in folders]
    if unknown:
        raise NotFound(f"There is no space {', '.join(unknown)}. `lookalike cache info` lists them.")
    if not yes:
        click.confirm(f"Remove {', '.join(names)}? What it holds must be computed anew when it is needed", abort=True)
    with session(Settings.from_environment()) as here:
        if store.running(here.ctx.redis):
            raise Conflict("A scan is running and may need it. Wait for its end, or cancel it.")
        for name in names:
            shutil.rmtree(folders[name])
            click.echo(f"{name}: removed")


def _root() -> Path:
    return Layout(Settings.from_environment().data).features
