"""How strict to be: pairs to judge, and what the answers tell of each threshold."""

from __future__ import annotations

from apiflask import APIBlueprint

from shared.domain.model import Member
from shared.services import calibration
from web.api import views
from web.api.answers import CalibrationOut, EstimateOut, QuestionOut
from web.api.schemas import AnswersBody, ThresholdQuery
from web.context import context

blueprint = APIBlueprint("calibration", __name__, url_prefix="/api/scans/<scan_id>/calibration")


@blueprint.get("")
@blueprint.input(ThresholdQuery, location="query")
@blueprint.output(CalibrationOut)
@blueprint.doc(responses=[404, 409])
def get_calibration(scan_id: str, query_data: ThresholdQuery) -> CalibrationOut:
    """Twenty pairs around a threshold to be judged, and how often matches are right at each, as far as is known."""
    return _shown(scan_id, query_data.threshold)


@blueprint.post("")
@blueprint.input(AnswersBody)
@blueprint.output(CalibrationOut)
@blueprint.doc(responses=[404, 409])
def answer(scan_id: str, json_data: AnswersBody) -> CalibrationOut:
    """Say of pairs whether they are one picture; kept by content, and nothing is decided about them by it."""
    calibration.judge(context(), scan_id, [(one.a, one.b, one.same) for one in json_data.answers])
    return _shown(scan_id, json_data.threshold)


def _shown(scan_id: str, threshold: float) -> CalibrationOut:
    found = calibration.calibration_of(context(), scan_id, threshold)
    both = iter(
        views.members(context(), scan_id, [Member(one, None) for pair in found.questions for one in (pair.a, pair.b)])
    )
    return CalibrationOut(
        questions=[
            QuestionOut(a=a.image, b=b.image, reach=pair.reach)
            for pair, a, b in zip(found.questions, both, both, strict=True)
        ],
        answers=found.answers,
        right=found.right,
        estimates=[EstimateOut.model_validate(one, from_attributes=True) for one in found.estimates],
        suggested=found.suggested,
    )
