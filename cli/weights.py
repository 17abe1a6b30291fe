"""``lookalike weights``: the trained weights of the network, fetched when asked for rather than in the middle of a
scan."""

from __future__ import annotations

import click

from shared.domain.scan import DEFAULT_MODEL
from shared.layout import Layout
from shared.settings import Settings


@click.group()
def weights() -> None:
    """The trained weights that the presets deep and thorough use."""


@weights.command()
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="A keras.applications name.")
def download(model: str) -> None:
    """Download the weights of a network (VGG16: 528 MB), where they are not here yet."""
    from workers.vision.weights import find_weights, weights_present  # they need NumPy

    settings = Settings.from_environment()
    folder = Layout(settings.data).weights
    if weights_present(model, settings.weights, folder):
        click.echo(f"The weights of {model} are here: {find_weights(model, settings.weights, folder, None)}")
        return
    click.echo(f"The weights are here now: {find_weights(model, settings.weights, folder, _tell)}")


def _tell(here: int, expected: int | None) -> None:
    whole = "" if expected is None else f" of {expected / 1e6:.0f}"
    click.echo(f"\r{here / 1e6:.0f}{whole} MB", nl=False, err=True)
