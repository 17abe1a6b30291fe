"""A scan: what was asked, the phases it goes through, and how far it has come.

Invariant: phases are passed in the order of ``Phase``; a scan that has ended never runs again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from shared.domain.errors import InvalidRequest


class Phase(StrEnum):
    """The phases in the order they are passed. A phase of no units is skipped."""

    PREPARE = "prepare"  # one unit: the network's weights are found or downloaded (deep only)
    PLAN = "plan"  # one unit: walk the folders, cut the files into chunks
    EXTRACT = "extract"  # a unit a chunk: read, digest, decode, hash, embed
    INDEX = "index"  # one unit: collect the distinct contents, cut them into blocks
    COMPARE = "compare"  # a unit a pair of blocks
    NOMINATE = "nominate"  # a unit a block: what may match each content (thorough only, as the next four)
    PAIR = "pair"  # one unit: the pairs that are to be proven
    PROVE = "prove"  # a unit a chunk of them
    CLOSE = "close"  # one unit: pairs that share a proven match and were not looked at
    REPROVE = "reprove"  # a unit a chunk of those
    SHORTLIST = "shortlist"  # one unit: which contents may hold equal pixels
    VERIFY = "verify"  # a unit a chunk of those: digest of the full pixels
    GROUP = "group"  # one unit: groups, keepers, the result


PHASES: tuple[Phase, ...] = tuple(Phase)


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"  # what is under way is finished, and nothing new is begun
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})


class Preset(StrEnum):
    EXACT = "exact"
    NEAR = "near"
    DEEP = "deep"
    THOROUGH = "thorough"


class ScanKind(StrEnum):
    LIBRARY = "library"  # every image of the folders with every other
    FIND = "find"  # one uploaded image with every image of the folders


PREPROCESSINGS = ("auto", "caffe", "tf", "torch", "none")
DEFAULT_MODEL = "VGG16"
DEFAULT_THRESHOLD = 0.90
DEFAULT_MAX_DISTANCE = 10
HASH_BITS = 64


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a library. ``path`` is relative to the library's root, as bytes; empty is the root."""

    library: str
    path: bytes = b""

    def holds(self, library: str, path: bytes) -> bool:
        """Whether a file or folder lies in it, at any depth; it holds itself."""
        return library == self.library and (not self.path or (path + b"/").startswith(self.path + b"/"))


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What a person asked for; validated by :meth:`check`.

    Pictures in ``reference`` folders are compared with those in ``folders``, not with each other, and are never
    proposed for deletion. Where one lies inside the other, the inner one decides. A search goes by the latest scan of
    its folders, unless it is to be ``fresh``.
    """

    folders: tuple[Folder, ...]
    preset: Preset = Preset.THOROUGH
    threshold: float = DEFAULT_THRESHOLD
    max_distance: int = DEFAULT_MAX_DISTANCE
    model: str = DEFAULT_MODEL
    weights: str | None = None
    preprocessing: str = "auto"
    kind: ScanKind = ScanKind.LIBRARY
    upload: str | None = None
    upload_name: str | None = None
    reference: tuple[Folder, ...] = ()
    fresh: bool = False

    def check(self) -> None:
        """Raise :class:`InvalidRequest` where a value makes no sense."""
        if not self.folders:
            raise InvalidRequest("No folder was chosen. Choose at least one folder to scan.")
        if not 0.0 <= self.threshold <= 1.0:
            raise InvalidRequest(
                f"The threshold must lie between 0 and 1, not {self.threshold}.", code="invalid_threshold"
            )
        if not 0 <= self.max_distance <= HASH_BITS:
            raise InvalidRequest(
                f"The hash distance must lie between 0 and {HASH_BITS}, not {self.max_distance}.",
                code="invalid_distance",
            )
        if self.preprocessing not in PREPROCESSINGS:
            raise InvalidRequest(f"The preprocessing must be one of {', '.join(PREPROCESSINGS)}.")
        if (self.kind is ScanKind.FIND) != (self.upload is not None):
            raise InvalidRequest("A search for one image needs that image, and a scan takes none.")
        if self.reference and self.kind is ScanKind.FIND:
            raise InvalidRequest("A search takes no reference folders: it changes none of its folders anyway.")
        if set(self.folders) & set(self.reference):
            raise InvalidRequest(
                "A folder cannot be its own reference. Choose another one, or leave it out of one of the two.",
                code="own_reference",
            )

    def to_json(self) -> str:
        """One line of JSON; :meth:`from_json` is its inverse."""
        fields: dict[str, Any] = asdict(self)
        for name in ("folders", "reference"):
            fields[name] = [[f.library, base64.b64encode(f.path).decode()] for f in getattr(self, name)]
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> ScanRequest:
        fields = json.loads(text)
        for name in ("folders", "reference"):
            fields[name] = tuple(Folder(lib, base64.b64decode(path)) for lib, path in fields.get(name, ()))
        fields |= {"preset": Preset(fields["preset"]), "kind": ScanKind(fields["kind"])}
        return cls(**fields)

    @property
    def embeds(self) -> bool:
        """Whether deep features cannot be done without."""
        return self.preset is Preset.DEEP

    @property
    def walked(self) -> tuple[Folder, ...]:
        """Every folder whose pictures are looked at."""
        return self.folders + self.reference

    def is_reference(self, library: str, path: bytes) -> bool:
        """Whether a picture (path relative to its library) counts as one of the reference."""
        if not self.reference:
            return False
        around = (folder for folder in self.walked if folder.holds(library, path))
        return max(around, key=lambda folder: len(folder.path), default=None) in self.reference

    @property
    def proves(self) -> bool:
        """Whether matches are proven by laying the pictures on one another."""
        return self.preset is Preset.THOROUGH


def outermost(folders: Sequence[Folder]) -> list[Folder]:
    """The folders that lie in no other of them, in order; so that no file is walked twice."""
    kept: list[Folder] = []
    for folder in sorted(set(folders), key=lambda f: (f.library, f.path.split(b"/") if f.path else [])):
        if not any(outer.holds(folder.library, folder.path) for outer in kept):
            kept.append(folder)
    return kept
