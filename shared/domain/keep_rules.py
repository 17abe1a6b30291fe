"""Keep rules: which picture of a group stays, and why.

Rules are steps in the order in which they count. Each step keeps those of the pictures still in question that are best
by it; the first step that leaves one picture alone has decided. Before them all, a damaged picture falls behind whole
ones. Invariant: what the steps leave undecided is not decided here; there is no hidden last step. Files below a
protected folder never go, whatever the steps say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache

from shared.domain.errors import InvalidRequest
from shared.domain.model import Image
from shared.domain.review import LOSSLESS
from shared.domain.scan import Folder

MOST_STEPS = 20
MOST_FOLDERS = 100
LONGEST_PATTERN = 200


class Criterion(StrEnum):
    """What a step looks at."""

    WHOLE = "whole"  # not damaged; always the first
    FOLDERS = "folders"  # below the first of these folders that holds any
    PIXELS = "pixels"  # most
    BYTES = "bytes"  # largest file
    LOSSLESS = "lossless"  # a format that loses nothing first
    METADATA = "metadata"  # most entries of EXIF, IPTC and XMP
    OLDEST = "oldest"  # by the time of the last change
    NEWEST = "newest"
    SHORT_PATH = "short-path"  # fewest folders on the way, then fewest bytes
    NAME = "name"  # the file's name is like the pattern
    NOT_NAME = "not-name"  # it is not


WON: dict[Criterion, str] = {
    Criterion.WHOLE: "not damaged",
    Criterion.FOLDERS: "in a preferred folder",
    Criterion.PIXELS: "most pixels",
    Criterion.BYTES: "largest file",
    Criterion.LOSSLESS: "lossless",
    Criterion.METADATA: "most metadata",
    Criterion.OLDEST: "oldest",
    Criterion.NEWEST: "newest",
    Criterion.SHORT_PATH: "shortest path",
    Criterion.NAME: "name like {pattern}",
    Criterion.NOT_NAME: "name not like {pattern}",
}
LOST: dict[Criterion, str] = {
    Criterion.WHOLE: "damaged",
    Criterion.FOLDERS: "in a less preferred folder",
    Criterion.PIXELS: "fewer pixels",
    Criterion.BYTES: "smaller file",
    Criterion.LOSSLESS: "not lossless",
    Criterion.METADATA: "less metadata",
    Criterion.OLDEST: "newer",
    Criterion.NEWEST: "older",
    Criterion.SHORT_PATH: "longer path",
    Criterion.NAME: "name not like {pattern}",
    Criterion.NOT_NAME: "name like {pattern}",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A criterion with what it needs: folders in the order of preference, or a pattern (``*``, ``?``, ``[…]``)."""

    by: Criterion
    folders: tuple[Folder, ...] = ()
    pattern: str = ""

    def won(self) -> str:
        """Why a picture that this step leaves is kept."""
        return WON[self.by].format(pattern=self.pattern)

    def lost(self) -> str:
        """Why one that it does not leave may go."""
        return LOST[self.by].format(pattern=self.pattern)


@dataclass(frozen=True, slots=True)
class Rules:
    """Steps, and folders of which nothing goes. Checked by :meth:`check`."""

    steps: tuple[Step, ...] = ()
    protected: tuple[Folder, ...] = ()

    def check(self) -> None:
        """Raises InvalidRequest where a step lacks what it needs or there are too many."""
        if len(self.steps) > MOST_STEPS:
            raise InvalidRequest(f"These are more than {MOST_STEPS} rules. Remove some.", code="invalid_rules")
        if max(len(self.protected), *(len(step.folders) for step in self.steps), 0) > MOST_FOLDERS:
            raise InvalidRequest(f"A rule takes {MOST_FOLDERS} folders at most.", code="invalid_rules")
        for step in self.steps:
            if step.by is Criterion.FOLDERS and not step.folders:
                raise InvalidRequest("Name the folders that are preferred, or remove that rule.", code="invalid_rules")
            if step.by in (Criterion.NAME, Criterion.NOT_NAME) and not 0 < len(step.pattern) <= LONGEST_PATTERN:
                raise InvalidRequest(
                    f"Give the name a pattern such as IMG_*, of {LONGEST_PATTERN} characters at most.",
                    code="invalid_rules",
                )

    def protects(self, image: Image) -> bool:
        return any(holds(folder, image) for folder in self.protected)


DEFAULT = Rules(
    (
        Step(Criterion.PIXELS),
        Step(Criterion.LOSSLESS),
        Step(Criterion.BYTES),
        Step(Criterion.OLDEST),
        Step(Criterion.SHORT_PATH),
    )
)
"""What is proposed where nobody has said otherwise."""


@dataclass(frozen=True, slots=True)
class Choice:
    """``best`` are those that the steps leave: one where they decided. ``step`` is the one that decided, if any did;
    ``lost`` says by image id at which step each of the others fell behind."""

    best: tuple[Image, ...]
    step: Step | None = None
    lost: dict[str, Step] = field(default_factory=dict)


def choose(images: Sequence[Image], rules: Rules) -> Choice:
    """The best of some images by the rules, a whole one where there is one. ``images`` must not be empty."""
    best, deciding = list(images), None
    lost: dict[str, Step] = {}
    for step in (Step(Criterion.WHOLE), *rules.steps):
        if len(best) == 1:
            break
        values = [_VALUES[step.by](image, step) for image in best]
        most = max(values)
        losers = [image for image, value in zip(best, values, strict=True) if value != most]
        if losers:
            deciding = step
            lost |= {image.id: step for image in losers}
            best = [image for image in best if image.id not in lost]
    return Choice(tuple(best), deciding, lost)


def holds(folder: Folder, image: Image) -> bool:
    """Whether an image lies in a folder or anywhere below it."""
    if image.library != folder.library:
        return False
    return not folder.path or image.path.startswith(folder.path + b"/")


Value = tuple[float, ...]


def _preference(image: Image, step: Step) -> Value:
    places = (-n for n, folder in enumerate(step.folders) if holds(folder, image))
    return (float(next(places, -len(step.folders))),)


def _name_is_like(image: Image, step: Step) -> bool:
    name = image.path.rpartition(b"/")[2].decode("utf-8", "backslashreplace")
    return _compiled(step.pattern).match(name) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern), re.IGNORECASE)


_VALUES: dict[Criterion, Callable[[Image, Step], Value]] = {
    Criterion.WHOLE: lambda image, _: (not image.damaged,),
    Criterion.FOLDERS: _preference,
    Criterion.PIXELS: lambda image, _: (image.width * image.height,),
    Criterion.BYTES: lambda image, _: (image.size,),
    Criterion.LOSSLESS: lambda image, _: (image.format in LOSSLESS,),
    Criterion.METADATA: lambda image, _: (image.facts.tags,),
    Criterion.OLDEST: lambda image, _: (-image.mtime_ns,),
    Criterion.NEWEST: lambda image, _: (image.mtime_ns,),
    Criterion.SHORT_PATH: lambda image, _: (-image.path.count(b"/"), -len(image.path)),
    Criterion.NAME: lambda image, step: (_name_is_like(image, step),),
    Criterion.NOT_NAME: lambda image, step: (not _name_is_like(image, step),),
}
