"""The trained weights of the default network: here, or to be downloaded."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint

from shared.domain.scan import DEFAULT_MODEL
from shared.domain.weights import BYTES, Weights
from shared.services import weights
from web.api.answers import WeightsOut
from web.api.schemas import WeightsBody
from web.context import context

blueprint = APIBlueprint("weights", __name__, url_prefix="/api/weights")


@blueprint.get("")
@blueprint.output(WeightsOut)
def get_weights() -> WeightsOut:
    """Whether they are here, and how far a download is."""
    return _shown(weights.look(context()))


@blueprint.post("")
@blueprint.input(WeightsBody)
@blueprint.output(WeightsOut, status_code=202)
@blueprint.doc(responses=[403, 409])
def answer(json_data: WeightsBody) -> tuple[WeightsOut, int]:
    """Have them downloaded, or say that they are not wanted; either way nobody is asked again before a scan."""
    return _shown(weights.answer(context(), json_data.download)), 202


def _shown(found: Weights) -> WeightsOut:
    return WeightsOut(model=DEFAULT_MODEL, size=BYTES, **asdict(found))
