"""Libraries and the folders in them."""

from __future__ import annotations

import os
from pathlib import Path

from apiflask import APIBlueprint

from shared.domain.access import is_loopback
from shared.domain.errors import Forbidden, InvalidRequest
from shared.services import libraries
from web.api import views
from web.api.answers import LibrariesOut, LibraryOut, ListingOut
from web.api.schemas import FolderQuery, LibraryBody
from web.context import context

blueprint = APIBlueprint("libraries", __name__, url_prefix="/api/libraries")


def can_add() -> bool:
    """Whether a browser may add folders: only that of the person at this machine."""
    settings = context().settings
    return settings.add_libraries and is_loopback(settings.host)


@blueprint.get("")
@blueprint.output(LibrariesOut)
def list_libraries() -> LibrariesOut:
    """The folders that may be scanned."""
    ctx = context()
    found = [views.library(ctx, library) for library in libraries.listed(ctx)]
    return LibrariesOut(libraries=found, can_add=can_add())


@blueprint.post("")
@blueprint.input(LibraryBody)
@blueprint.output(LibraryOut, status_code=201)
@blueprint.doc(responses=[400, 403])
def add_library(json_data: LibraryBody) -> LibraryOut:
    """Add a folder of this machine, where that is allowed."""
    if not can_add():
        raise Forbidden(
            "Folders cannot be added from here. Name them in LOOKALIKE_LIBRARIES, or after `lookalike up`.",
            code="adding_is_off",
        )
    ctx = context()
    return views.library(ctx, libraries.add(ctx, _absolute(json_data.path)))


def _absolute(path: str) -> Path:
    """The folder that a person typed; a relative one would depend on where the server was started."""
    expanded = os.path.expanduser(path)  # noqa: PTH111 - pathlib's raises RuntimeError for an unknown user
    if not expanded.startswith("/") or "\0" in expanded:
        raise InvalidRequest("Give the whole path of the folder, such as /home/me/Pictures.", code="no_such_folder")
    return Path(expanded)


@blueprint.get("/<library_id>/folders")
@blueprint.input(FolderQuery, location="query")
@blueprint.output(ListingOut)
@blueprint.doc(responses=[403])
def browse_folder(library_id: str, query_data: FolderQuery) -> ListingOut:
    """The folders inside a folder of a library."""
    ctx = context()
    return views.listing(ctx, libraries.browse(ctx, library_id, query_data.path_b64))
