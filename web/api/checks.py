"""Is this picture there already? A question, sent by POST because it carries a file; it changes nothing."""

from __future__ import annotations

from typing import BinaryIO, cast

from apiflask import APIBlueprint

from shared.context import Context
from shared.services import checks, review
from shared.services.checks import Answer, Place
from web.api.answers import CheckOut, PlaceOut
from web.api.path_bytes import encode
from web.api.schemas import CheckForm
from web.context import context

blueprint = APIBlueprint("checks", __name__, url_prefix="/api/check")


@blueprint.post("")
@blueprint.input(CheckForm, location="files")
@blueprint.output(CheckOut)
@blueprint.doc(responses=[400, 413, 422, 503])
def check(files_data: CheckForm) -> CheckOut:
    """Whether and where an image is already: sent as a form with ``image``, or with its ``sha256``, ``phash``, or both.

    Answered from what scans have read. 503 ``no_worker`` where no compare worker runs.
    """
    ctx, asked = context(), files_data
    if asked.image is not None:
        return _shown(ctx, checks.check_image(ctx, cast(BinaryIO, asked.image.stream), asked.max_distance))
    return _shown(ctx, checks.check_hashes(ctx, asked.sha256, asked.phash, asked.max_distance))


def _shown(ctx: Context, answer: Answer) -> CheckOut:
    return CheckOut(
        sha256=answer.digest,
        phash=answer.phash,
        known=bool(answer.places),
        more=answer.more,
        places=[_place(ctx, place) for place in answer.places],
    )


def _place(ctx: Context, place: Place) -> PlaceOut:
    return PlaceOut(
        library=place.library,
        path=review.display_path(ctx, place.library, place.path),
        path_b64=encode(place.path),
        size=place.size,
        sha256=place.digest,
        kind=place.kind,
        similarity=place.similarity,
        distance=place.distance,
        ssim=place.ssim,
    )
