"""``lookalike token``: make, list and revoke API tokens."""

from __future__ import annotations

import time

import click

from cli.session import session
from shared.domain.access import Scope
from shared.services import access
from shared.settings import Settings


@click.group()
def token() -> None:
    """Make, list or revoke API tokens: what a program shows instead of the password."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    default=Scope.READ.value,
    help="read: look at everything; write: also change.",
)
def make(name: str, scope: str) -> None:
    """Make a token; NAME says what it is for. It is printed this once."""
    with session(Settings.from_environment()) as here:
        made, text = access.make_token(here.ctx, name, Scope(scope))
    click.echo(f"Token {made.id} ({made.scope}), shown this once; send it as Authorization: Bearer …", err=True)
    click.echo(text)


@token.command("list")
def list_() -> None:
    """List all tokens, the oldest first."""
    with session(Settings.from_environment()) as here:
        known = access.tokens(here.ctx)
    for one in known:
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.created))
        click.echo(f"{one.id}  {made}  {one.scope:<5}  {one.name}")
    if not known:
        click.echo("There are no tokens.", err=True)


@token.command()
@click.argument("tokens", metavar="TOKEN...", nargs=-1, required=True)
def revoke(tokens: tuple[str, ...]) -> None:
    """Revoke tokens by their ids, as `lookalike token list` gives them."""
    with session(Settings.from_environment()) as here:
        for token_id in dict.fromkeys(tokens):
            access.revoke_token(here.ctx, token_id)
            click.echo(f"Revoked {token_id}.")
