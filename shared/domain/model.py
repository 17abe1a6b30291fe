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
    SIMILAR = "similar"


@dataclass(frozen=True, slots=True)
class Library:
    """A folder that may be scanned. ``root`` is absolute and resolved, as bytes."""

    id: str
    root: bytes
    name: str


@dataclass(frozen=True, slots=True)
class Image:
    """One file of a scan, as it was when it was read."""

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


@dataclass(frozen=True, slots=True)
class Signals:
    """Why two images match. A signal that was not computed is None.

    ``similarity``, ``cosine`` and ``ssim`` are fractions, ``distance`` is in bits of 64.
    """

    similarity: float
    kind: Kind
    cosine: float | None = None
    distance: int | None = None
    ssim: float | None = None


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
