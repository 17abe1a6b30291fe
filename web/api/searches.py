"""Searches: one uploaded image against folders. A search is a scan of its own kind and is followed as one."""

from __future__ import annotations

from typing import BinaryIO, cast

from apiflask import APIBlueprint

from shared.domain.scan import ScanKind
from shared.services import scans
from web.api.answers import ScanOut
from web.api.scans import Accepted, accepted, scan_request
from web.api.schemas import SearchForm
from web.context import context

blueprint = APIBlueprint("searches", __name__, url_prefix="/api/searches")

LONGEST_NAME = 255


@blueprint.post("")
@blueprint.input(SearchForm, location="files")
@blueprint.output(ScanOut, status_code=202)
@blueprint.doc(responses=[400, 403, 404, 413])
def start_search(files_data: SearchForm) -> Accepted:
    """Find an image, sent as a multipart form, in folders. ``folders`` is JSON text as in a scan's request."""
    ctx = context()
    scan_request(files_data, files_data.folders)  # refused before anything is stored
    upload = scans.save_upload(ctx, cast(BinaryIO, files_data.image.stream))
    name = (files_data.image.filename or "image")[:LONGEST_NAME]
    searched = {"kind": ScanKind.FIND, "upload": upload, "upload_name": name, "fresh": files_data.fresh}
    wanted = scan_request(files_data, files_data.folders, **searched)
    try:
        scan_id = scans.request(ctx, wanted)
    except BaseException:
        ctx.layout.upload(upload).unlink(missing_ok=True)
        raise
    return accepted(scan_id)
