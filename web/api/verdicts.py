"""Verdicts: what was decided about pairs of contents, listed, revised, exported and imported."""

from __future__ import annotations

from apiflask import APIBlueprint

from shared.domain.review import Decision, digest_pair
from shared.services import verdicts
from web.api import views
from web.api.answers import ChangedOut
from web.api.schemas import ForgetBody, VerdictRecord, VerdictsDocument
from web.context import context

blueprint = APIBlueprint("verdicts", __name__, url_prefix="/api/verdicts")


@blueprint.get("")
@blueprint.output(VerdictsDocument)
def list_verdicts() -> VerdictsDocument:
    """All verdicts, the latest first; the same document can be imported elsewhere."""
    return VerdictsDocument(verdicts=[views.decision(found) for found in verdicts.listed(context())])


@blueprint.post("")
@blueprint.input(VerdictsDocument)
@blueprint.output(ChangedOut)
def import_verdicts(json_data: VerdictsDocument) -> ChangedOut:
    """Take verdicts over, in the place of earlier ones on the same pairs; also how one is revised."""
    return ChangedOut(changed=verdicts.put(context(), [_decision(record) for record in json_data.verdicts]))


@blueprint.post("/forget")
@blueprint.input(ForgetBody)
@blueprint.output(ChangedOut)
def forget_verdicts(json_data: ForgetBody) -> ChangedOut:
    """Forget verdicts: their pairs are shown again."""
    return ChangedOut(changed=verdicts.forget(context(), [digest_pair(p.a, p.b) for p in json_data.pairs]))


def _decision(record: VerdictRecord) -> Decision:
    names = record.names if record.a <= record.b else (record.names[1], record.names[0])
    return Decision(*digest_pair(record.a, record.b), record.verdict, names, record.decided)
