"""What workers count for Prometheus. Counters begin at zero with each worker; rates are what to look at.

Invariant: a unit that is repeated counts its seconds again, since they were spent, but not what it found.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from prometheus_client import Counter, Histogram

from shared.domain.scan import Phase
from shared.store.scans import Found
from workers.vision.reading import Failure, Reading

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)

_stage_seconds = Histogram("lookalike_stage_seconds", "Seconds that units of a scan took.", ["phase"], buckets=_SECONDS)
_images = Counter("lookalike_images", "Images counted as read, by extraction tasks.")
_unchanged = Counter("lookalike_images_unchanged", "Images known from an earlier scan, not opened again.")
_pairs = Counter("lookalike_pairs", "Pairs of images compared.")
_bytes = Counter("lookalike_read_bytes", "Bytes of image files read.")
_cache_hits = Counter("lookalike_cache_hits", "Files whose content was known, so that nothing was computed.")
_cache_misses = Counter("lookalike_cache_misses", "Files whose content was new.")
_unreadable = Counter("lookalike_unreadable", "Files that could not be used.", ["reason"])


def timed(phase: Phase) -> AbstractContextManager[object]:
    """Counts the seconds of its block, whether that goes well or not, as those of a unit of this phase."""
    timer: AbstractContextManager[object] = _stage_seconds.labels(str(phase)).time()
    return timer


def found(phase: Phase, what: Found) -> None:
    """A unit was counted."""
    _pairs.inc(what.add.get("pairs_done", 0))
    if phase is Phase.EXTRACT:
        _images.inc(what.add.get("images_done", 0))
    elif phase is Phase.PLAN:
        _unchanged.inc(int(what.set.get("images_known", 0)))


def read(result: Reading | Failure) -> None:
    """A file was read, or could not be."""
    if isinstance(result, Failure):
        _unreadable.labels(result.code).inc()
        return
    _bytes.inc(result.size)
    (_cache_hits if result.decoded is None else _cache_misses).inc()
