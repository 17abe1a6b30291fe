"""Ask for a scan, watch it, stop it, read its result."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, BinaryIO

from shared.confined import open_folder
from shared.context import Context
from shared.domain.errors import InvalidRequest, NotFound
from shared.domain.model import Unreadable
from shared.domain.progress import SHARES, Progress
from shared.domain.scan import ENDED, PHASES, Folder, Phase, ScanRequest, State
from shared.names import PHASE_TASKS
from shared.services import access, review, standstill
from shared.services.document import document
from shared.store import libraries, results, verdicts
from shared.store import scans as store

_PIECE = 1 << 20


def request(ctx: Context, wanted: ScanRequest) -> str:
    """Check what was asked, remember it, send its first task; returns the scan's id.

    Raises InvalidRequest, NotFound (a library or a folder), OutsideLibrary, Forbidden (read-only).
    """
    access.check_changes(ctx.settings)
    wanted.check()
    for folder in wanted.walked:
        _check_folder(ctx, folder)
    if wanted.upload is not None and not ctx.layout.upload(wanted.upload).is_file():
        raise InvalidRequest("The uploaded image is gone. Choose it again.", code="no_such_upload")
    scan_id = secrets.token_hex(8)
    send(ctx, scan_id, store.create(ctx.redis, scan_id, wanted, time.time()))
    return scan_id


def send(ctx: Context, scan_id: str, units: store.Send) -> None:
    """Send units of a phase to their queue."""
    send_units(ctx, scan_id, units.phase, units.units)


def send_units(ctx: Context, scan_id: str, phase: Phase, units: Iterable[int]) -> None:
    """Send these units of a phase to its queue."""
    task, _ = PHASE_TASKS[phase]
    for unit in units:
        ctx.send(task, scan_id, unit)


def _check_folder(ctx: Context, folder: Folder) -> None:
    """A folder must exist inside its library and hold at least one file, at any depth."""
    library = libraries.get(ctx.redis, folder.library)
    try:
        descriptor = open_folder(library.root, folder.path)
    except (FileNotFoundError, NotADirectoryError):
        shown = review.display_path(ctx, folder.library, folder.path)
        raise NotFound(
            f"There is no folder {shown}. It may have been moved or removed.", code="no_such_folder"
        ) from None
    try:
        if not any(files for _, _, files, _ in os.fwalk(dir_fd=descriptor)):
            shown = review.display_path(ctx, folder.library, folder.path)
            raise InvalidRequest(f"The folder {shown} is empty: there is nothing to scan.", code="empty_folder")
    finally:
        os.close(descriptor)


def save_upload(ctx: Context, stream: BinaryIO) -> str:
    """Keep an uploaded image until its search has ended; returns the upload's id for ``ScanRequest.upload``.

    Nothing is decoded here. Raises InvalidRequest (code ``upload_too_large`` / ``upload_empty``).
    """
    upload_id = secrets.token_hex(16)
    path = ctx.layout.upload(upload_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            size = _copy(stream, file, ctx.settings.max_upload)
        if size == 0:
            raise InvalidRequest("The uploaded file is empty. Choose an image.", code="upload_empty")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return upload_id


def _copy(stream: BinaryIO, file: BinaryIO, most: int) -> int:
    size = 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        if size > most:
            raise InvalidRequest(
                f"The uploaded file is larger than {most >> 20} MiB. Choose a smaller one.", code="upload_too_large"
            )
        file.write(piece)
    return size


def listed(ctx: Context, limit: int = 50, before: float | None = None) -> list[Progress]:
    """The latest scans, newest first; of those asked for earlier than ``before`` (epoch seconds)."""
    found = []
    for scan_id in store.latest(ctx.redis, limit, before):
        with suppress(NotFound):  # removed by another since the list was read
            found.append(progress(ctx, scan_id))
    return found


def progress(ctx: Context, scan_id: str) -> Progress:
    """Raises NotFound."""
    fields = store.fields(ctx.redis, scan_id)
    wanted = ScanRequest.from_json(fields["request"])
    state, phase = State(fields["state"]), Phase(fields["phase"])
    why = _standing(ctx, scan_id, state, fields)
    rate, eta_s = _pace(fields, phase) if state is State.RUNNING else (None, None)
    return Progress(
        id=scan_id,
        state=state,
        phase=phase,
        request=wanted,
        fraction=1.0 if state is State.DONE else _fraction(fields, phase),
        images_total=_count(fields, "images"),
        images_done=_count(fields, "images_done"),
        unreadable=_count(fields, "unreadable"),
        pairs_total=_count(fields, "pairs"),
        pairs_done=_count(fields, "pairs_done"),
        rate=rate,
        eta_s=eta_s,
        note=why or fields.get("note") or None,
        error_code=fields.get("error_code"),
        error_message=fields.get("error_message"),
        created=float(fields["created"]),
        started=_time(fields, "started"),
        ended=_time(fields, "ended"),
        folders=tuple(review.display_path(ctx, f.library, f.path) for f in wanted.folders),
        model=_model(wanted, fields.get("deep")),
        groups=_count(fields, "groups") if state is State.DONE else None,
        matches=_count(fields, "matches") if state is State.DONE else None,
        reference=tuple(review.display_path(ctx, f.library, f.path) for f in wanted.reference),
        as_of=_time(fields, "as_of"),
        without=fields.get("without"),
    )


def _standing(ctx: Context, scan_id: str, state: State, fields: dict[str, str]) -> str | None:
    """Why a scan does not go on; None where it does, or has ended."""
    if state is State.PAUSED:
        return "Paused: what is under way is finished, and nothing new is begun."
    return None if state in ENDED else standstill.cause(ctx, scan_id, fields, time.time())


def _model(wanted: ScanRequest, deep: str | None) -> str | None:
    """The network that is in use; the preset thorough does without one where its weights are not here."""
    return wanted.model if wanted.embeds or deep is not None else None


def _count(fields: dict[str, str], name: str) -> int:
    return int(fields.get(name, 0))


def _time(fields: dict[str, str], name: str) -> float | None:
    return float(fields[name]) if name in fields else None


def _fraction(fields: dict[str, str], phase: Phase) -> float:
    passed = sum(SHARES[earlier] for earlier in PHASES[: PHASES.index(phase)])
    total = _count(fields, f"total:{phase}")
    return passed + SHARES[phase] * (_count(fields, f"done:{phase}") / total if total else 0.0)


def _pace(fields: dict[str, str], phase: Phase) -> tuple[float | None, float | None]:
    """Rate and remaining seconds of the current phase, from what has been counted in it."""
    counters = {Phase.EXTRACT: "images", Phase.COMPARE: "pairs"}
    if phase not in counters:
        return None, None
    total, done = _count(fields, counters[phase]), _count(fields, counters[phase] + "_done")
    worked = done - _count(fields, counters[phase] + "_known")
    elapsed = time.time() - float(fields["phase_started"])
    if worked <= 0 or elapsed <= 0:
        return None, None
    return worked / elapsed, (total - done) * elapsed / worked


def cancel(ctx: Context, scan_id: str) -> Progress:
    """Stop a scan; one that has ended stays as it is. Raises NotFound."""
    store.get(ctx.redis, scan_id)
    end(ctx, scan_id, State.CANCELLED)
    return progress(ctx, scan_id)


def end(ctx: Context, scan_id: str, state: State, code: str = "", message: str = "") -> None:
    """End a scan that has not ended, as failed or cancelled, and tidy up."""
    store.end(ctx.redis, scan_id, state, time.time(), code, message)
    tidy(ctx, scan_id)


def tidy(ctx: Context, scan_id: str) -> None:
    """Remove what a scan that has ended no longer needs: its upload, its chunks, what it had found so far.

    Repeating it is harmless.
    """
    upload = store.get(ctx.redis, scan_id).request.upload
    if upload is not None:
        ctx.layout.upload(upload).unlink(missing_ok=True)
    shutil.rmtree(ctx.layout.scan(scan_id) / "chunks", ignore_errors=True)
    ctx.layout.provisional(scan_id).unlink(missing_ok=True)


def result(ctx: Context, scan_id: str) -> dict[str, Any]:
    """The documented JSON result (docs/api.md). Raises NotFound; Conflict while the scan has not ended well."""
    scan, as_of = store.get(ctx.redis, scan_id), _time(store.fields(ctx.redis, scan_id), "as_of")
    with review.deciding(ctx, scan_id) as reader:
        decided = verdicts.pairs(ctx.redis)
        return document(ctx, scan.request, reader, decided, _model(scan.request, scan.deep), as_of)


def unreadable(ctx: Context, scan_id: str) -> list[Unreadable]:
    """Files that could not be used. Raises NotFound, Conflict."""
    store.get(ctx.redis, scan_id)
    with results.opened(ctx.layout.result(scan_id)) as reader:
        return reader.unreadable()


def ended(ctx: Context, scan_id: str) -> bool:
    """Whether a scan has ended, in whatever way. Raises NotFound."""
    return State(store.fields(ctx.redis, scan_id)["state"]) in ENDED
