"""How many pictures a network sees at once: found by a short trial, once for each network, and kept.

Features depend on the size in their last bits, so that the stored ones name it. Invariant: a size that was once found
in a data folder stays, whatever a later trial would say, for all workers on it.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

ON_PROCESSOR = (8, 16, 32)
ON_GPU = (32, 64, 128)  # 3 GB of activations for VGG16, the largest, at the last

LARGEST = 1 << 30
"""Bytes of activations at most, on a processor."""

WORTH = 0.95
"""A smaller size is taken where it reaches this share of the best rate: it takes less memory, and less is padded."""

_log = structlog.get_logger(__name__)


def candidates(gpu: bool, bytes_a_picture: int) -> Sequence[int]:
    """Sizes to try, smallest first, at least one. ``bytes_a_picture`` is what the activations of one picture take."""
    if gpu:
        return ON_GPU
    most = min(LARGEST, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 8)
    fitting = [size for size in ON_PROCESSOR if size * bytes_a_picture <= most]
    return fitting or ON_PROCESSOR[:1]


def choose(sizes: Sequence[int], rate: Callable[[int], float]) -> int:
    """The smallest of ``sizes`` that is nearly the fastest; ``rate`` gives pictures a second."""
    if len(sizes) == 1:
        return sizes[0]
    rates = {size: rate(size) for size in sizes}
    chosen = next(size for size in sizes if rates[size] >= WORTH * max(rates.values()))
    _log.info("batch_size_found", size=chosen, rates={size: round(found, 1) for size, found in rates.items()})
    return chosen


def settled(note: Path, find: Callable[[], int]) -> int:
    """The size that ``note`` holds; where there is none yet, one is found and written down, the first one for good."""
    if (size := _noted(note)) is not None:
        return size
    found = find()
    note.parent.mkdir(parents=True, exist_ok=True)
    draft = note.with_name(f".{note.name}.{uuid.uuid4().hex}")
    draft.write_text(str(found))
    try:
        os.link(draft, note)  # unlike a rename it fails where another was first
    except OSError:  # so it was, or this file system has no links
        if _noted(note) is None:
            draft.replace(note)
    finally:
        draft.unlink(missing_ok=True)
    return _noted(note) or found


def _noted(note: Path) -> int | None:
    try:
        return max(1, int(note.read_text()))
    except (FileNotFoundError, ValueError):
        return None
