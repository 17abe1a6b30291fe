"""Pictures to be proven, and the way from two of them to a verdict."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

from workers.proof.evidence import gather, turn_of
from workers.proof.verdict import Verdict, judge
from workers.vision.decode import Decoded, decode
from workers.vision.local import loaded

_MOST_PIXELS = 50_000_000


@cache
def scene(name: str) -> Image.Image:
    """One of scikit-image's photographs, 640 pixels at the longest side."""
    image = Image.fromarray(getattr(data, name)()).convert("RGB")
    image.thumbnail((640, 640))
    return image


def jpeg(image: Image.Image, quality: int = 90, **others: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=quality, **others)
    return stream.getvalue()


def png(image: Image.Image) -> bytes:
    stream = BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def noise(image: Image.Image, levels: float, seed: int = 0) -> Image.Image:
    grain = np.random.default_rng(seed).normal(0, levels, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


@cache
def _decoded(content: bytes) -> Decoded:
    return decode(content, None, _MOST_PIXELS, True)


def verdict(one: bytes, other: bytes) -> Verdict | None:
    """What workers say of two files; None where nothing says that they have anything in common."""
    a, b = _decoded(one), _decoded(other)
    assert a.local is not None
    assert b.local is not None
    assert a.turned is not None
    assert b.turned is not None
    sizes = (a.width, a.height), (b.width, b.height)
    found = gather(loaded(a.local, sizes[0]), loaded(b.local, sizes[1]), turn_of(a.turned, b.turned))
    return None if found is None else judge(found, *sizes, a.damaged or b.damaged)
