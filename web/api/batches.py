"""Batches: images moved to the trash together, and brought back together."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import url_for

from shared.domain.scan import Folder
from shared.services import trash
from web.api import views
from web.api.answers import BatchOut, LatestBatchOut
from web.api.schemas import DeletionBody
from web.context import context

blueprint = APIBlueprint("batches", __name__, url_prefix="/api/batches")

Accepted = tuple[BatchOut, int, dict[str, str]]
"""202: the batch so far, and the address at which to follow it."""


def accepted(batch_id: str) -> Accepted:
    ctx = context()
    location = url_for("batches.get_batch", batch_id=batch_id)
    return views.batch(ctx, trash.batch(ctx, batch_id)), 202, {"Location": location}


@blueprint.post("")
@blueprint.input(DeletionBody)
@blueprint.output(BatchOut, status_code=202)
@blueprint.doc(responses=[400, 404, 409])
def delete_images(json_data: DeletionBody) -> Accepted:
    """Move images of a result to the trash, to a folder, or replace them by hard links.

    409 ``last_copy`` where nothing of a group would stay; 409 ``no_other_copy`` where no other copy is known and
    ``confirmed`` is false; 409 ``not_writable`` where the library cannot be written.
    """
    body = json_data
    target = None if body.target is None else Folder(body.target.library, body.target.path_b64)
    return accepted(trash.delete(context(), body.scan, body.images, body.confirmed, body.action, target))


@blueprint.get("/latest")
@blueprint.output(LatestBatchOut)
def get_latest_batch() -> LatestBatchOut:
    """The latest deletion of which something is still in the trash: what Undo brings back."""
    ctx = context()
    latest = trash.last_batch(ctx)
    return LatestBatchOut(batch=None if latest is None else views.batch(ctx, latest))


@blueprint.get("/<batch_id>")
@blueprint.output(BatchOut)
def get_batch(batch_id: str) -> BatchOut:
    """How far a batch is, image by image."""
    ctx = context()
    return views.batch(ctx, trash.batch(ctx, batch_id))


@blueprint.post("/<batch_id>/undo")
@blueprint.output(BatchOut, status_code=202)
@blueprint.doc(responses=[409])
def undo_batch(batch_id: str) -> Accepted:
    """Bring back all that a deletion moved; the answer is a batch of its own."""
    return accepted(trash.restore(context(), batch_id))
