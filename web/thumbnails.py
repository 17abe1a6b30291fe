"""Thumbnails over HTTP: files made by workers, named by content, so that a browser may keep them for ever."""

from __future__ import annotations

import re

from apiflask import APIBlueprint, APIFlask
from flask import Response, send_file

from shared.domain.errors import NotFound
from shared.layout import THUMBNAIL_SIZES
from shared.services import review
from web.context import context

blueprint = APIBlueprint("thumbnails", __name__, url_prefix="/thumbnails", enable_openapi=False)

_DIGEST = re.compile(r"[0-9a-f]{64}")
_A_YEAR_S = 31_536_000


def install(app: APIFlask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("/<scan_id>/<image_id>/<int:size>")
def of_image(scan_id: str, image_id: str, size: int) -> Response:
    """The thumbnail of an image of a result; 202 without a body while a worker makes it: come back in a second."""
    path = review.thumbnail(context(), scan_id, image_id, size)
    if path is None:
        return Response(status=202, headers={"Retry-After": "1"})
    return _file(path)


@blueprint.get("/content/<digest>")
def of_content(digest: str) -> Response:
    """The small thumbnail of a content that was shown before: pictures in the trash can no longer be read anew."""
    path = context().layout.thumbnail(digest, THUMBNAIL_SIZES[0])
    if not _DIGEST.fullmatch(digest) or not path.is_file():
        raise NotFound("There is no thumbnail of this content.", code="no_such_thumbnail")
    return _file(path)


def _file(path: object) -> Response:
    response = send_file(str(path), mimetype="image/webp", conditional=True, max_age=_A_YEAR_S)
    response.cache_control.public = False
    response.cache_control.private = True
    response.cache_control.immutable = True
    return response
