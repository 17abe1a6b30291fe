"""``lookalike export``: what was computed, for notebooks and other programs."""

from __future__ import annotations

from pathlib import Path

import click

from shared.domain.errors import NotFound
from shared.layout import Layout
from shared.settings import Settings


@click.group()
def export() -> None:
    """Write out what was computed, for other programs."""


@export.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--format", type=click.Choice(["parquet", "npy"]), default="parquet", help="How vectors are written.")
@click.option("--space", "names", multiple=True, help="This space alone (see `lookalike cache info`). May be repeated.")
def features(folder: Path, format: str, names: tuple[str, ...]) -> None:
    """Write all features into FOLDER: a table a space, and files.parquet, which tells what file has which content.

    docs/features.md explains the columns. With npy, the vectors of a space are an array beside its table, row by row.
    """
    from workers import upkeep  # it needs NumPy and Arrow
    from workers.export import Format, export_files, export_space

    layout = Layout(Settings.from_environment().data)
    known = [path.name for path in upkeep.spaces(layout.features)]
    unknown = [name for name in names if name not in known]
    if unknown or not known:
        what = f"no space {', '.join(unknown)}" if unknown else "nothing stored yet"
        raise NotFound(f"There is {what}. `lookalike cache info` lists what there is.")
    for name in names or known:
        written, contents = export_space(layout.features, name, folder, Format(format))
        click.echo(f"{', '.join(map(str, written))}: {contents:,} contents")
    click.echo(str(export_files(layout, folder)))
