"""The trained weights of the network: fetched when asked for, or when a scan on a terminal would use them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from shared.context import Context
from shared.domain.errors import Unavailable
from shared.domain.scan import DEFAULT_MODEL, Preset, ScanRequest
from shared.domain.weights import SIZE, loading
from shared.layout import Layout
from shared.services import weights as service
from shared.settings import Settings


@click.group()
def weights() -> None:
    """The trained weights that the presets deep and thorough use."""


@weights.command(help=f"Download the weights of a network ({DEFAULT_MODEL}: {SIZE}), where they are not here yet.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A keras.applications name.")
def download(model: str) -> None:
    from workers.vision.weights import find_weights, weights_present  # they need NumPy

    settings = Settings.from_environment()
    folder = Layout(settings.data).weights
    if weights_present(model, settings.weights, folder):
        click.echo(f"The weights of {model} are here: {find_weights(model, settings.weights, folder, None)}")
        return
    click.echo(f"The weights are here now: {_fetch(model, settings.weights, folder)}")


def offer(ctx: Context, wanted: ScanRequest, output: str | None) -> None:
    """Ask a person at a terminal whether to download the weights that a scan would use; once, if it can do without.

    Raises Unavailable (code ``weights_missing``) where it cannot, and they are not to be had.
    """
    if not _missing(ctx, wanted) or output is not None or not _at_terminal():
        return
    if not wanted.embeds and service.look(ctx).asked:
        return
    use = "this scan cannot do without them" if wanted.embeds else "with them this scan finds a little more"
    said = click.confirm(f"The network's weights ({SIZE}) are not here; {use}. Download them now?", err=True)
    service.remember(ctx, said)
    if said:
        _try(ctx, wanted)
    elif wanted.embeds:
        raise Unavailable("The preset deep needs the network's weights. Choose another one.", code="weights_missing")


def _missing(ctx: Context, wanted: ScanRequest) -> bool:
    """Whether a scan would use the default network's weights, and they are neither here nor given."""
    uses = wanted.preset in (Preset.DEEP, Preset.THOROUGH) and wanted.model == DEFAULT_MODEL
    return uses and wanted.weights is None and ctx.settings.weights is None and not service.here(ctx)


def _at_terminal() -> bool:
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _try(ctx: Context, wanted: ScanRequest) -> None:
    try:
        _fetch(DEFAULT_MODEL, None, ctx.layout.weights)
    except Unavailable as error:
        if wanted.embeds:
            raise
        click.echo(f"{error.message}\nThe scan goes on without.", err=True)


def _fetch(model: str, given: Path | None, folder: Path) -> Path:
    """Download the weights and say how far that is, on one line of standard error."""
    from workers.vision.weights import find_weights

    def tell(here: int, expected: int | None) -> None:
        click.echo(f"\r{loading(here, expected)}", nl=False, err=True)

    try:
        return find_weights(model, given, folder, tell)
    finally:
        click.echo(err=True)
