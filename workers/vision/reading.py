"""What the pool and its decoder processes say to each other.

Light on purpose: the process that holds the network imports this, and no codec.
Invariant: everything here is picklable; arrays own their memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from shared.domain.model import Facts
from workers.vision.resize import NetworkInput


class Task(StrEnum):
    READ = "read"
    PIXEL_DIGEST = "pixel-digest"
    THUMBNAILS = "thumbnails"


@dataclass(frozen=True, slots=True)
class Job:
    """One file: ``path`` is relative to the absolute ``root``. ``number`` is the caller's, and comes back."""

    number: int
    root: bytes
    path: bytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one picture gives. ``width`` and ``height`` are those of the whole picture, upright.

    ``phash`` is the 64-bit perceptual hash (DCT of 32x32, imagehash.phash), first bit most significant;
    ``grey`` is uint8 (64, 64); ``pixels`` is uint8 sRGB (h, w, 3) of the network's input size, None without one.
    ``local`` are the local features, uint8 (bytes of workers.vision.local.ROW), and ``turned`` the hashes of the eight
    turned and mirrored versions, uint64 (8), the upright one first; None where they are not wanted. ``damaged``: the
    file ends too early, and all of this is of what is left of it. ``facts`` are what the file says beside.
    """

    width: int
    height: int
    format: str
    frames: int
    phash: int
    grey: NDArray[np.uint8]
    pixels: NDArray[np.uint8] | None
    local: NDArray[np.uint8] | None = None
    turned: NDArray[np.uint64] | None = None
    damaged: bool = False
    facts: Facts = Facts()


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was read. ``digest`` is the SHA-256 of its bytes; ``decoded`` is None where that was known."""

    number: int
    digest: bytes
    size: int
    mtime_ns: int
    device: int
    inode: int
    decoded: Decoded | None


@dataclass(frozen=True, slots=True)
class PixelDigest:
    """``digest`` is the SHA-256 of the file's bytes as they were now, ``pixels`` that of its pixels, None for none."""

    number: int
    digest: bytes
    pixels: bytes | None


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """``digest`` is the SHA-256 of the file's bytes as they were now, ``images`` WebP, one of each size asked for."""

    number: int
    digest: bytes
    images: list[bytes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """No answer yet: a decoder needs so many bytes for the file in hand, and waits until it is told to go on."""

    size: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be used: a stable code and a sentence for people (see workers.vision.unreadable)."""

    number: int
    code: str
    reason: str


Decode = Callable[[bytes, NetworkInput | None, int, bool], Decoded]
"""(a file's bytes, the network's input, the pixel limit, whether local features are wanted) -> what it gives; see
workers.vision.decode."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a decoder is told once, when it starts. Sizes in bytes. ``decode`` None is workers.vision.decode's."""

    max_pixels: int
    max_file: int
    memory: int
    timeout_s: float
    decode: Decode | None = None
