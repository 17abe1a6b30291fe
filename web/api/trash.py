"""The trash of all libraries: look, bring back, remove for good."""

from __future__ import annotations

from apiflask import APIBlueprint

from shared.services import trash, trash_pages
from web.api import views
from web.api.answers import BatchOut, TrashOut
from web.api.batches import Accepted, accepted
from web.api.schemas import PurgeBody, RestoreBody, TrashQuery
from web.context import context

blueprint = APIBlueprint("trash", __name__, url_prefix="/api/trash")


@blueprint.get("")
@blueprint.input(TrashQuery, location="query")
@blueprint.output(TrashOut)
def list_trash(query_data: TrashQuery) -> TrashOut:
    """What lies in the trash, latest first, page by page."""
    ctx = context()
    return views.trash_page(ctx, trash_pages.page(ctx, query_data.after, query_data.limit))


@blueprint.post("/restore")
@blueprint.input(RestoreBody)
@blueprint.output(BatchOut, status_code=202)
@blueprint.doc(responses=[404, 409])
def restore_entries(json_data: RestoreBody) -> Accepted:
    """Bring back entries of one batch; all of it where ``entries`` is null."""
    return accepted(trash.restore(context(), json_data.batch, json_data.entries))


@blueprint.post("/purge")
@blueprint.input(PurgeBody)
@blueprint.output(BatchOut, status_code=202)
@blueprint.doc(responses=[404, 409])
def purge_entries(json_data: PurgeBody) -> Accepted:
    """Remove entries for good, or all deleted ``until`` a time; 409 ``not_confirmed`` unless ``confirmed`` is true."""
    if json_data.until is not None and not json_data.entries:
        return accepted(trash.purge_until(context(), json_data.until, json_data.confirmed))
    return accepted(trash.purge(context(), json_data.entries, json_data.confirmed))
