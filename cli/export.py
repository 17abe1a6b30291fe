"""``lookalike export``: what was computed and found, for people, notebooks and other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from cli.session import Session, Workers, session
from shared.domain.errors import InvalidRequest, NotFound, Unavailable
from shared.domain.scan import ScanKind, State
from shared.layout import Layout
from shared.services import export as exports
from shared.services import report, scans
from shared.settings import Settings
from shared.whole import written_whole


@click.group()
def export() -> None:
    """Write out what was computed or found, for people and other programs."""


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


@export.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--scan", "scan_id", metavar="ID", help="Which scan, as its page's address names it.  [default: the latest]"
)
def groups(file: Path, scan_id: str | None) -> None:
    """Write the groups of a scan into FILE: .csv, .json, or .html, a page with thumbnails that needs nothing else."""
    if file.suffix not in (".csv", ".json", ".html"):
        raise InvalidRequest(f"The name {file.name} must end in .csv, .json or .html, which says what is written.")
    with session(Settings.from_environment()) as here, Workers(here, _tell, ("compare",)) as workers:
        pieces = _pieces(here, workers, scan_id or _latest(here), file.suffix)
        try:
            with written_whole(file.absolute()) as draft, draft.open("w", encoding="utf-8", newline="") as out:
                out.writelines(pieces)
        except OSError as error:
            raise Unavailable(f"{file} could not be written: {error.strerror}. Choose another file.") from error
    click.echo(str(file))


def _pieces(here: Session, workers: Workers, scan_id: str, form: str) -> Iterator[str]:
    if form == ".html":
        return report.report(here.ctx, scan_id, tend=workers.tend)
    return (exports.groups if form == ".csv" else exports.groups_json)(here.ctx, scan_id)


def _latest(here: Session) -> str:
    done = (scan for scan in scans.listed(here.ctx) if scan.state is State.DONE)
    found = next((scan for scan in done if scan.request.kind is ScanKind.LIBRARY), None)
    if found is None:
        raise NotFound("No scan has ended well yet. `lookalike scan` starts one.")
    return found.id


def _tell(message: str) -> None:
    click.echo(message, err=True)
