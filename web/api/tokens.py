"""API tokens: made, listed and revoked by people, never by a program that holds one."""

from __future__ import annotations

from apiflask import APIBlueprint

from shared.domain.access import Token
from shared.services import access
from web.api.answers import NewTokenOut, TokenOut, TokensOut
from web.api.schemas import TokenBody
from web.auth import check_person
from web.context import context

blueprint = APIBlueprint("tokens", __name__, url_prefix="/api/tokens")


def _shown(token: Token) -> TokenOut:
    return TokenOut(id=token.id, name=token.name, scope=token.scope, created=token.created)


@blueprint.get("")
@blueprint.output(TokensOut)
@blueprint.doc(responses=[403])
def list_tokens() -> TokensOut:
    """All API tokens, without their secrets."""
    check_person()
    return TokensOut(tokens=[_shown(token) for token in access.tokens(context())])


@blueprint.post("")
@blueprint.input(TokenBody)
@blueprint.output(NewTokenOut, status_code=201)
@blueprint.doc(responses=[400, 403])
def make_token(json_data: TokenBody) -> NewTokenOut:
    """Make an API token; ``token``, its text, is told this once."""
    check_person()
    token, text = access.make_token(context(), json_data.name, json_data.scope)
    return NewTokenOut(**_shown(token).model_dump(), token=text)


@blueprint.delete("/<token_id>")
@blueprint.output({}, status_code=204)
@blueprint.doc(responses=[403, 404])
def revoke_token(token_id: str) -> tuple[str, int]:
    """Revoke an API token."""
    check_person()
    access.revoke_token(context(), token_id)
    return "", 204
