"""What the API gives, as Pydantic models. Conventions as in ``web.api.schemas``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from shared.domain.access import Scope
from shared.domain.deletion import Action
from shared.domain.model import Kind, Tier
from shared.domain.scan import (
    Phase,
    Preset,
    ScanKind,
    State,
)
from shared.domain.weights import WeightsState
from web.api.schemas import _Out


class PlaceOut(_Out):
    """A file that is there now; ``path_b64`` is inside the library. ``ssim`` and ``similarity`` are null where hashes
    alone were sent, unless the bytes are equal."""

    library: str
    path: str
    path_b64: str
    size: int
    sha256: str
    kind: Kind
    similarity: float | None
    distance: int | None
    ssim: float | None


class CheckOut(_Out):
    """``known`` where there is at least one place, best first; ``more`` are not listed."""

    sha256: str | None
    phash: str | None
    known: bool
    more: int
    places: list[PlaceOut]


class RegroupedOut(BaseModel):
    """What there would be at ``threshold``. ``images`` may go and free ``freed`` bytes. ``shown`` is the threshold of
    the groups as they are shown, 0 for a preset without one; ``floor`` the lowest that can be asked for. ``capped``
    images have matches that were counted, but not kept."""

    threshold: float
    shown: float
    floor: float
    groups: int
    images: int
    freed: int
    matches: int
    capped: int


class EstimateOut(BaseModel):
    """``pairs`` match at ``threshold``; the fraction ``precision`` of them is right, with 90% between low and high."""

    threshold: float
    precision: float
    low: float
    high: float
    pairs: int


class ChangedOut(BaseModel):
    """How many verdicts were changed."""

    changed: int


class TokenOut(_Out):
    id: str
    name: str
    scope: Scope
    created: float


class TokensOut(_Out):
    tokens: list[TokenOut]


class NewTokenOut(TokenOut):
    token: str


class LibraryOut(_Out):
    """``read_only`` says why nothing can be deleted in it, null where it can."""

    id: str
    name: str
    path: str
    read_only: str | None


class LibrariesOut(_Out):
    libraries: list[LibraryOut]
    can_add: bool


class Crumb(_Out):
    name: str
    path_b64: str


class FolderOut(Crumb):
    """``images`` and ``folders`` lie directly in it."""

    images: int
    folders: int


class ListingOut(_Out):
    """``crumbs`` lead from the library's top to ``here``."""

    library: LibraryOut
    crumbs: list[Crumb]
    here: FolderOut
    inside: list[FolderOut]


class Counted(_Out):
    total: int
    done: int


class CountedImages(Counted):
    unreadable: int


class Failure(_Out):
    code: str
    message: str | None


class ScanOut(_Out):
    """How far a scan or search is; ``rate`` is per second, ``eta_s`` covers the current phase."""

    id: str
    kind: ScanKind
    state: State
    phase: Phase
    preset: Preset
    model: str | None
    threshold: float
    max_distance: int
    folders: list[str]
    reference: list[str]
    upload_name: str | None
    fraction: float
    images: CountedImages
    pairs: Counted
    rate: float | None
    eta_s: float | None
    note: str | None
    without: str | None
    error: Failure | None
    created: float
    started: float | None
    ended: float | None
    as_of: float | None
    groups: int | None
    matches: int | None


class WeightsOut(_Out):
    """``size`` and ``loaded`` in bytes; ``asked``: somebody has said before whether to download them."""

    model: str
    state: WeightsState
    size: int
    loaded: int
    reason: str | None
    asked: bool


class ScansOut(_Out):
    """``next`` is the ``before`` of the next page, null on the last."""

    scans: list[ScanOut]
    next: float | None


class ImageOut(_Out):
    """``folder`` opens with the library's name; ``path`` is absolute, and ``path_b64`` (inside the library) is there
    where it is not UTF-8. ``trashed`` is the id of the batch that moved it, ``away`` where to; ``reference`` is true
    where it lies in a reference folder of the scan, from which nothing is deleted; ``digest`` is its SHA-256.
    ``taken`` is the camera's own time, in no zone; ``quality`` an estimate for a JPEG; ``tags`` counts the entries of
    EXIF, IPTC and XMP."""

    id: str
    digest: str
    library: str
    name: str
    folder: str
    path: str
    path_b64: str | None
    size: int
    modified: float
    width: int
    height: int
    format: str
    lossless: bool
    frames: int
    damaged: bool
    taken: str | None
    camera: str | None
    quality: int | None
    tags: int
    thumbnail: str
    preview: str
    trashed: str | None
    away: Action | None
    reference: bool


class AlignmentOut(_Out):
    """How the image lies on the other one: on its group's keeper, or on the image searched for."""

    inliers: int
    shown: float
    shows: float
    finer: float
    mirrored: bool
    matrix: tuple[float, ...]


class SignalsOut(_Out):
    similarity: float
    kind: Kind
    cosine: float | None
    distance: int | None
    ssim: float | None
    tier: Tier
    confidence: float | None
    alignment: AlignmentOut | None
    proposable: bool


class MemberOut(_Out):
    """``signals`` compare with the group's keeper (null for the keeper), or with the image searched for."""

    image: ImageOut
    signals: SignalsOut | None


class GroupOut(_Out):
    """``keeper`` is an image's id; ``similarity`` the lowest of the members', ``freed`` what all of them free.

    ``cursor`` is its place in the list, to go on from."""

    id: int
    keeper: str
    kind: Kind
    similarity: float
    freed: int
    cursor: str
    members: list[MemberOut]


class QuestionOut(_Out):
    """``reach`` is the highest threshold at which the two match."""

    a: ImageOut
    b: ImageOut
    reach: float


class CalibrationOut(_Out):
    """``answers`` so far on this scan's pairs, of which ``right`` said yes; ``suggested`` null while they are few."""

    questions: list[QuestionOut]
    answers: int
    right: int
    estimates: list[EstimateOut]
    suggested: float | None


class AroundOut(_Out):
    """``group`` is null where nothing matches the new keeper; ``left`` are ids of images that are not known to."""

    group: GroupOut | None
    left: list[str]


class GroupsOut(_Out):
    """``next`` is the ``after`` of the next page, null on the last; ``total`` is there on the first page."""

    groups: list[GroupOut]
    next: str | None
    total: int | None


class ProvisionalOut(GroupsOut):
    """What a scan has found so far, at ``made``: to be looked at, not decided on."""

    provisional: Literal[True] = True
    made: float


class FolderChoice(_Out):
    """``folder`` opens with the library's name; ``groups`` have a member directly in it."""

    library: str
    folder_b64: str
    folder: str
    groups: int


class ChoicesOut(_Out):
    """What groups can be filtered by."""

    formats: list[str]
    folders: list[FolderChoice]


class FolderSide(_Out):
    """``images`` (``size`` bytes) of the ``total`` pictures directly in a folder are in the other folder too."""

    library: str
    folder_b64: str
    folder: str
    images: int
    total: int
    size: int


class FolderPairOut(_Out):
    """Two folders; ``one`` is that of which more is in the other. ``groups`` lie between them."""

    one: FolderSide
    other: FolderSide
    groups: int


class FolderPairsOut(_Out):
    pairs: list[FolderPairOut]


class MatchesOut(_Out):
    matches: list[MemberOut]


class UnreadableOut(_Out):
    path: str
    code: str
    reason: str


class UnreadableListOut(_Out):
    unreadable: list[UnreadableOut]


class OutcomeOut(_Out):
    """``state`` is waiting, done or refused; a refusal has a code and a reason."""

    image: str
    path: str
    size: int
    state: str
    code: str | None
    reason: str | None


class BatchOut(_Out):
    """``kind`` is trash, restore or purge; ``state`` queued, running or done; ``plan`` that which it is part of."""

    id: str
    kind: str
    state: str
    created: float
    outcomes: list[OutcomeOut]
    plan: str | None


class LatestBatchOut(_Out):
    batch: BatchOut | None


class TrashEntryOut(_Out):
    """``action`` is trash, or link where a hard link lies in the file's place. ``companions`` are the names of files
    that went with it and come back with it. ``plan`` is the plan that moved it, if any."""

    id: str
    batch: str
    image: str
    library: str
    name: str
    folder: str
    path: str
    size: int
    deleted: float
    thumbnail: str
    action: Action
    plan: str | None
    companions: list[str]


class SumOut(_Out):
    pictures: int
    size: int


class TrashOut(_Out):
    """``sums``: by the id of a plan, or of a batch that is part of none, for those on this page: of all that it moved;
    ``whole``: of all that is in the trash. ``next`` is the ``after`` of the next page, null on the last."""

    entries: list[TrashEntryOut]
    sums: dict[str, SumOut]
    whole: SumOut
    next: str | None
