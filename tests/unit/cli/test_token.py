"""``lookalike token``: a token is printed once, listed without its secret, and worth nothing once revoked."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from shared.context import Context
from shared.domain.access import Scope
from shared.services import access


@pytest.fixture(autouse=True)
def environment(ctx: Context, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_DATA", str(ctx.settings.data))
    monkeypatch.setenv("LOOKALIKE_REDIS_URL", redis_url)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["token", *arguments])


def test_a_token_is_made_listed_and_revoked(ctx: Context) -> None:
    made = run("make", "Nightly report", "--scope", "write")
    assert made.exit_code == 0
    text = made.stdout.strip()
    token = access.token(ctx, text)
    assert token is not None
    assert (token.name, token.scope) == ("Nightly report", Scope.WRITE)

    listed = run("list").stdout
    assert re.fullmatch(rf"{token.id}  \d{{4}}-\d\d-\d\d \d\d:\d\d  write  Nightly report\n", listed)
    assert text.rpartition("_")[2] not in listed

    assert run("revoke", token.id).exit_code == 0
    assert access.token(ctx, text) is None
    assert run("list").stdout == ""


def test_what_is_not_said_is_the_lesser_scope(ctx: Context) -> None:
    token = access.token(ctx, run("make", "x").stdout.strip())
    assert token is not None
    assert token.scope is Scope.READ


@pytest.mark.parametrize("arguments", [["make", " "], ["make", "x", "--scope", "all"], ["revoke", "0123"], ["revoke"]])
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert refused.stderr
