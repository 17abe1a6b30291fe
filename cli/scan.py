"""``lookalike scan`` and ``lookalike find``."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cli import report
from cli.following import follow
from cli.session import Session, Workers, session
from cli.weights import offer
from shared.context import Context
from shared.domain.errors import InvalidRequest, LookalikeError, Unavailable
from shared.domain.scan import (
    DEFAULT_MAX_DISTANCE,
    DEFAULT_MODEL,
    DEFAULT_THRESHOLD,
    HASH_BITS,
    PREPROCESSINGS,
    Folder,
    Preset,
    ScanKind,
    ScanRequest,
)
from shared.services import libraries, scans
from shared.settings import Settings

FOLDER = click.Path(exists=True, file_okay=False, readable=True, resolve_path=True, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, readable=True, resolve_path=True, path_type=Path)

_OPTIONS = (
    click.option(
        "--preset",
        type=click.Choice([p.value for p in Preset]),
        default=Preset.THOROUGH.value,
        help="What counts as a match.",
    ),
    click.option(
        "--threshold",
        type=click.FloatRange(0, 1),
        default=DEFAULT_THRESHOLD,
        help="deep, thorough: lowest cosine similarity, 0 to 1.",
    ),
    click.option(
        "--max-distance",
        type=click.IntRange(0, HASH_BITS),
        default=DEFAULT_MAX_DISTANCE,
        help="near, deep, thorough: hash distance in bits.",
    ),
    click.option("--model", default=DEFAULT_MODEL, help="deep, thorough: a keras.applications name, or a .keras file."),
    click.option("--weights", type=FILE, help="deep, thorough: the network's weights."),
    click.option(
        "--preprocessing",
        type=click.Choice(PREPROCESSINGS),
        default="auto",
        help="deep: how a .keras file wants its input; auto goes by the name of its model.",
    ),
    click.option("--output", metavar="FILE.json", help="Write the result as JSON; - is standard output."),
)


def scan_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that scans; :func:`requested` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


against = click.option(
    "--against",
    metavar="DIR",
    multiple=True,
    type=FOLDER,
    help="Compare with this folder too, whose own images are not compared and never proposed for deletion. May be"
    " repeated.",
)


@click.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=FOLDER)
@against
@scan_options
def scan(folders: tuple[Path, ...], output: str | None, **options: Any) -> None:
    """Find the images of these folders that are copies of each other, or look alike."""
    check_output(output)
    with session(Settings.from_environment()) as here:
        wanted = requested(here.ctx, folders, **options)
        offer(here.ctx, wanted, output)
        _carry_out(here, wanted, output)


@click.command()
@click.argument("image", type=FILE)
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=FOLDER)
@click.option("--fresh", is_flag=True, help="Look at the folders anew, also where a scan of them is there to go by.")
@scan_options
def find(image: Path, folders: tuple[Path, ...], output: str | None, **options: Any) -> None:
    """Find the images of these folders that look like IMAGE, the best first.

    Where these folders were scanned together before, that scan is gone by, and the answer says so.
    """
    check_output(output)
    with session(Settings.from_environment()) as here:
        wanted = requested(here.ctx, folders, **options)
        offer(here.ctx, wanted, output)
        with image.open("rb") as stream:
            upload = scans.save_upload(here.ctx, stream)
        name = os.fsencode(image.name).decode(errors="replace")
        _carry_out(here, replace(wanted, kind=ScanKind.FIND, upload=upload, upload_name=name), output)


def _carry_out(here: Session, wanted: ScanRequest, output: str | None) -> None:
    try:
        scan_id = scans.request(here.ctx, wanted)
    except LookalikeError:
        if wanted.upload is not None:
            here.ctx.layout.upload(wanted.upload).unlink()
        raise
    with Workers(here, _tell) as workers:
        follow(here.ctx, scan_id, workers.tend)
        result = scans.result(here.ctx, scan_id)
    if output is None:
        report.show(result)
    else:
        write_result(result, output)


def write_result(result: dict[str, Any], output: str) -> None:
    """Raises Unavailable where it cannot be written."""
    try:
        report.write(result, output)
    except OSError as error:
        raise Unavailable(f"{output} could not be written: {error.strerror}. Choose another --output.") from error


def _tell(message: str) -> None:
    click.echo(message, err=True)


def check_output(output: str | None) -> None:
    """Raise InvalidRequest now, and not after the scan, where the result could not be written."""
    if output is None or output == report.STDOUT:
        return
    path = Path(output).absolute()
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise InvalidRequest(f"{path} cannot be written. Choose another file for --output.")


def requested(
    ctx: Context,
    folders: tuple[Path, ...],
    preset: str,
    model: str,
    weights: Path | None,
    against: tuple[Path, ...] = (),
    **others: Any,
) -> ScanRequest:
    return ScanRequest(
        folders=tuple(folder_of(ctx, folder) for folder in folders),
        reference=tuple(folder_of(ctx, folder) for folder in against),
        preset=Preset(preset),
        model=str(_model_file(model)) if model.endswith(".keras") else model,
        weights=None if weights is None else str(weights),
        **others,
    )


def _model_file(model: str) -> Path:
    path = Path(model).absolute()
    if not path.is_file():
        raise InvalidRequest(f"There is no model file {path}.")
    return path


def folder_of(ctx: Context, path: Path) -> Folder:
    """A folder (absolute, resolved) as one of the innermost library it lies in, or as a new library of its own.

    Raises InvalidRequest where it may not be read.
    """
    place = os.fsencode(path)
    around = [library for library in libraries.listed(ctx) if _inside(place, library.root)]
    if not around:
        return Folder(libraries.add(ctx, path).id)
    nearest = max(around, key=lambda library: len(library.root))
    return Folder(nearest.id, place[len(nearest.root) :].strip(b"/"))


def _inside(path: bytes, root: bytes) -> bool:
    return path == root or path.startswith(root.rstrip(b"/") + b"/")
