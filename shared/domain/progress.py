"""How far a scan has come: what the page polls and the command line prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.domain.scan import Phase, ScanRequest, State

SHARES: dict[Phase, float] = {
    Phase.PREPARE: 0.02,
    Phase.PLAN: 0.03,
    Phase.EXTRACT: 0.65,
    Phase.INDEX: 0.02,
    Phase.COMPARE: 0.08,
    Phase.NOMINATE: 0.04,
    Phase.PAIR: 0.01,
    Phase.PROVE: 0.05,
    Phase.CLOSE: 0.01,
    Phase.REPROVE: 0.01,
    Phase.SHORTLIST: 0.01,
    Phase.VERIFY: 0.05,
    Phase.GROUP: 0.02,
}
"""The part of the whole bar that each phase fills; they add up to 1."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot. Times are seconds since the epoch, None where not reached.

    ``fraction`` never falls from one snapshot to the next; it is 1 only when the scan is done.
    ``rate`` is images/s while images are read and pairs/s while they are compared; ``eta_s`` covers
    the current phase. ``note`` is a sentence about what is going on now ("Downloading weights: …"), ``without`` one on
    why the scan does without the network that it might have used.
    """

    id: str
    state: State
    phase: Phase
    request: ScanRequest
    fraction: float
    images_total: int
    images_done: int
    unreadable: int
    pairs_total: int
    pairs_done: int
    rate: float | None
    eta_s: float | None
    note: str | None
    error_code: str | None
    error_message: str | None
    created: float
    started: float | None
    ended: float | None
    folders: tuple[str, ...]  # as people read them: library name and path
    model: str | None  # the network that is in use
    groups: int | None  # known when done
    matches: int | None  # known when done
    reference: tuple[str, ...] = ()  # as folders
    as_of: float | None = None  # of a search: when the scan began that it goes by
    without: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape of ``GET /api/scans/<id>`` (docs/api.md)."""
        return {
            "id": self.id,
            "kind": self.request.kind,
            "state": self.state,
            "phase": self.phase,
            "preset": self.request.preset,
            "model": self.model,
            "threshold": self.request.threshold,
            "max_distance": self.request.max_distance,
            "folders": list(self.folders),
            "reference": list(self.reference),
            "upload_name": self.request.upload_name,
            "fraction": self.fraction,
            "images": {"total": self.images_total, "done": self.images_done, "unreadable": self.unreadable},
            "pairs": {"total": self.pairs_total, "done": self.pairs_done},
            "rate": self.rate,
            "eta_s": self.eta_s,
            "note": self.note,
            "without": self.without,
            "error": None if self.error_code is None else {"code": self.error_code, "message": self.error_message},
            "created": self.created,
            "started": self.started,
            "ended": self.ended,
            "as_of": self.as_of,
            "groups": self.groups,
            "matches": self.matches,
        }
