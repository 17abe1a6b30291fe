"""What the API takes, as Pydantic models: validated on the way in, described in the OpenAPI document.

Units: sizes in bytes, times in seconds since the epoch, ``similarity``, ``cosine``, ``ssim`` and ``fraction``
from 0 to 1, ``distance`` in bits of 64. A signal that was not computed is null.
"""

from __future__ import annotations

from typing import Annotated, Literal

from apiflask.fields import UploadFile
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Json, StringConstraints

from shared.domain.access import Scope
from shared.domain.deletion import Action
from shared.domain.model import Kind
from shared.domain.review import GroupFilter, Show, Sort, Verdict
from shared.domain.scan import (
    DEFAULT_MAX_DISTANCE,
    DEFAULT_MODEL,
    DEFAULT_THRESHOLD,
    HASH_BITS,
    Preset,
)
from shared.services.selection import Selection
from web.api.path_bytes import PathBytes

MOST_IMAGES = 100_000
"""Images or entries that one batch may name."""


def _encodable(text: str) -> str:
    """JSON can hold half a character (a lone surrogate), which no file name, key or database can."""
    text.encode("utf-8")
    return text


Text = Annotated[str, AfterValidator(_encodable)]
Id = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[Text, StringConstraints(max_length=1000)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class FolderRef(_In):
    """A folder of a library; an empty path is the library's top."""

    library: Id
    path_b64: PathBytes = b""


class Method(_In):
    """How images are to be compared."""

    preset: Preset = Preset.THOROUGH
    threshold: float = DEFAULT_THRESHOLD
    max_distance: int = DEFAULT_MAX_DISTANCE
    model: Text = DEFAULT_MODEL
    weights: Text | None = None
    preprocessing: Text = "auto"


class ScanBody(Method):
    """``reference``: folders to compare with, whose own pictures are not compared and never deleted."""

    folders: list[FolderRef]
    reference: list[FolderRef] = Field([], max_length=1000)


class ScansQuery(_In):
    """``before``: the ``next`` of the page before."""

    before: float | None = Field(None, ge=0, le=1e12, allow_inf_nan=False)
    limit: int = Field(50, ge=1, le=200)


class SearchForm(Method):
    """A multipart form; ``folders`` is JSON text."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    image: UploadFile
    folders: Json[list[FolderRef]]
    fresh: bool = False


class CheckForm(_In):
    """A form with ``image``, or with hashes in hexadecimal: ``sha256`` of the bytes, ``phash`` as imagehash has it."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    image: UploadFile | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)] | None = None
    phash: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{16}$", to_lower=True)] | None = None
    max_distance: int = Field(DEFAULT_MAX_DISTANCE, ge=0, le=HASH_BITS)


class LibraryBody(_In):
    path: Text


class FolderQuery(_In):
    path_b64: PathBytes = b""


class SortQuery(_In):
    sort: Sort = Sort.FREED


class FilterQuery(SortQuery):
    """All but ``sort`` restrict; an empty field does not."""

    show: Show = Show.OPEN
    kind: Kind | None = None
    library: Id | None = None
    folder_b64: PathBytes = b""
    least: float = Field(0.0, ge=0, le=1)
    most: float = Field(1.0, ge=0, le=1)
    format: Annotated[Text, StringConstraints(max_length=40)] | None = None

    def wanted(self) -> GroupFilter:
        return GroupFilter(
            self.show, self.kind, self.library, self.folder_b64, self.least, self.most, self.format
        )  # fmt: skip


class ThresholdQuery(_In):
    threshold: float = Field(ge=0, le=1)


class ProvisionalQuery(SortQuery):
    """``after`` is a ``next`` or a ``cursor`` of the same ``made``."""

    after: Text = Field("", max_length=100)
    limit: int = Field(20, ge=1, le=100)


class GroupsQuery(FilterQuery):
    """``after`` is a ``next`` or a ``cursor``."""

    after: Text = Field("", max_length=100)
    limit: int = Field(20, ge=1, le=100)


class ExportQuery(FilterQuery):
    """``groups``: ids of groups, separated by commas; these alone, whatever the filter says."""

    groups: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}(,[0-9]{1,18})*$", max_length=100_000)] | None = None

    def selection(self) -> Selection:
        only = None if self.groups is None else tuple(dict.fromkeys(map(int, self.groups.split(","))))
        return Selection(self.wanted(), self.sort, only)


class Answer(_In):
    """Whether two images of a scan show one picture; null takes the answer back."""

    a: Id
    b: Id
    same: bool | None


class AnswersBody(ThresholdQuery):
    answers: list[Answer] = Field(min_length=1, max_length=1000)


class PairOfImages(_In):
    """Two images of a scan, by id."""

    a: Id
    b: Id


class VerdictBody(_In):
    """``verdict`` null forgets what was decided."""

    verdict: Verdict | None
    pairs: list[PairOfImages] = Field(min_length=1, max_length=MOST_IMAGES)


class VerdictRecord(_In):
    """A verdict on two contents (SHA-256), with the names they had; ``thumbnails`` is for showing, not read."""

    a: Digest
    b: Digest
    verdict: Verdict
    names: tuple[Name, Name]
    decided: float = Field(ge=0, le=1e12, allow_inf_nan=False)
    thumbnails: tuple[str, str] | None = None


class VerdictsDocument(_In):
    """All verdicts: exported and imported as one document."""

    version: Literal[1] = 1
    verdicts: list[VerdictRecord] = Field(max_length=1_000_000)


class DigestPair(_In):
    a: Digest
    b: Digest


class ForgetBody(_In):
    pairs: list[DigestPair] = Field(min_length=1, max_length=MOST_IMAGES)


class DeletionBody(_In):
    """``target`` is the folder for the action move; files keep the folders they were in below it."""

    scan: Id
    images: list[Id] = Field(max_length=MOST_IMAGES)
    confirmed: bool = False
    action: Action = Action.TRASH
    target: FolderRef | None = None


class RestoreBody(_In):
    batch: Id
    entries: list[Id] | None = Field(None, max_length=MOST_IMAGES)


class WeightsBody(_In):
    download: bool


class TrashQuery(_In):
    """``after``: the ``next`` of the page before."""

    after: Text = Field("", max_length=200)
    limit: int = Field(50, ge=1, le=200)


class PurgeBody(_In):
    """``entries``, or all that was deleted ``until`` a time in seconds since the epoch."""

    entries: list[Id] = Field(default_factory=list, max_length=MOST_IMAGES)
    until: float | None = Field(None, ge=0, le=1e12, allow_inf_nan=False)
    confirmed: bool = False


class TokenBody(_In):
    name: Text
    scope: Scope = Scope.READ
