"""The nouns: library, image, match, pair, group. Plain frozen values.

Ids: a library is a 128-bit hash of its root, an image a 128-bit hash of its library's id and its
relative path's bytes, content the SHA-256 of a file's bytes; all in lower-case hexadecimal.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


def library_id(root: bytes) -> str:
    """128-bit id of a library, from the bytes of its resolved root."""
    return hashlib.blake2b(root, digest_size=16, person=b"lookalike-lib-v1").hexdigest()


def image_id(library: str, path: bytes) -> str:
    """128-bit id of an image, from its library's id and the bytes of its relative path."""
    return hashlib.blake2b(bytes.fromhex(library) + path, digest_size=16, person=b"lookalike-img-v1").hexdigest()


class Kind(StrEnum):
    """How two images are alike, strongest first."""

    EXACT = "exact"  # equal bytes
    SAME_PIXELS = "same-pixels"  # equal pixels after orientation, other bytes
    DAMAGED = "damaged"  # one is what is left of the other's file
    RE_ENCODED = "re-encoded"  # the same size, compressed again
    RESIZED = "resized"
    TURNED = "turned"
    MIRRORED = "mirrored"
    COLOUR = "colour"  # other tones or colours
    CROPPED = "cropped"  # one is a part of the other, or both are parts of one picture
    FRAMED = "framed"  # one has a border
    OVERLAY = "overlay"  # a watermark, words or a logo on one
    CONTAINED = "contained"  # one is inside the other: a screenshot, a collage
    BURST = "burst"  # the same scene, another shot
    LOOK_ALIKE = "look-alike"  # alike, and not shown to be one picture


SAME_PICTURE = frozenset(set(Kind) - {Kind.CONTAINED, Kind.BURST, Kind.LOOK_ALIKE})
"""Kinds of which both images show one picture, as a whole or in part, and nothing else."""


class Tier(StrEnum):
    """How far a match has been shown to be one."""

    PROVEN = "proven"  # may be proposed for deletion
    LIKELY = "likely"  # for people to look at


@dataclass(frozen=True, slots=True)
class Library:
    """A folder that may be scanned. ``root`` is absolute and resolved, as bytes."""

    id: str
    root: bytes
    name: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says of its picture beside the pixels; None for what it does not say.

    ``taken`` is the camera's own time, in no zone (``2024-05-01T12:00:00``); ``quality`` is estimated from the tables
    of a JPEG, 1 to 100; ``tags`` counts the entries of EXIF and IPTC, and 1 for XMP.
    """

    taken: str | None = None
    camera: str | None = None
    quality: int | None = None
    tags: int = 0


@dataclass(frozen=True, slots=True)
class Image:
    """One file of a scan, as it was when it was read.

    ``damaged``: it ends too early, and what is known of it, width and height too, is of the part that could be decoded.
    """

    id: str
    library: str
    path: bytes
    size: int
    mtime_ns: int
    digest: str
    width: int
    height: int
    format: str
    frames: int = 1
    damaged: bool = False
    facts: Facts = Facts()


@dataclass(frozen=True, slots=True)
class Alignment:
    """How one image lies on another: in a pair ``b`` on ``a``, in a group the member on its keeper.

    ``inliers`` local features agree on it. ``shown`` is the share of the member that the keeper shows, ``shows`` the
    share of the keeper that the member shows; ``finer`` says how many pixels the member has for one of the keeper's
    along a line that both show. ``matrix`` is (a, b, c, d, e, f): a point (x, y) of the keeper, of its mirror image
    where ``mirrored``, lies at (ax + by + c, dx + ey + f) in the member; both in units of each one's longest side.
    """

    inliers: int
    shown: float
    shows: float
    finer: float
    mirrored: bool
    matrix: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Signals:
    """Why two images match. A signal that was not computed is None.

    ``similarity``, ``cosine``, ``ssim`` and ``confidence`` (the probability that both show one picture) are fractions,
    ``distance`` is in bits of 64.
    """

    similarity: float
    kind: Kind
    cosine: float | None = None
    distance: int | None = None
    ssim: float | None = None
    tier: Tier = Tier.LIKELY
    confidence: float | None = None
    alignment: Alignment | None = None

    @classmethod
    def equal(
        cls, kind: Kind, cosine: float | None = None, distance: int | None = None, ssim: float | None = None
    ) -> Signals:
        """Of equal bytes or equal pixels."""
        return cls(1.0, kind, cosine, distance, ssim, Tier.PROVEN, 1.0)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images that match; ``a`` and ``b`` are image ids. ``reach`` is the highest threshold at which they do."""

    a: str
    b: str
    signals: Signals
    reach: float = 1.0


@dataclass(frozen=True, slots=True)
class Member:
    """An image of a group and how it matches the group's keeper (None for the keeper itself)."""

    image: Image
    signals: Signals | None


@dataclass(frozen=True, slots=True)
class Group:
    """Images that all match one keeper. ``freed`` is in bytes, ``similarity`` the lowest of the members'."""

    id: int
    keeper: Image
    members: tuple[Member, ...]
    kind: Kind
    similarity: float
    freed: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be used, with a stable code and a reason for people."""

    library: str
    path: bytes
    code: str
    reason: str
