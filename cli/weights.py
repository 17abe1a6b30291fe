"""``lookalike weights``: the trained weights of the network, fetched when asked for rather than in the middle of a
scan."""

from __future__ import annotations

import click

from shared.domain.scan import DEFAULT_MODEL
from shared.domain.weights import SIZE, loading
from shared.layout import Layout
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
    click.echo(f"The weights are here now: {find_weights(model, settings.weights, folder, tell)}")


def tell(here: int, expected: int | None) -> None:
    """How far a download is, on one line of standard error."""
    click.echo(f"\r{loading(here, expected)}", nl=False, err=True)
