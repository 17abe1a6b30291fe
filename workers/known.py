"""What the decoders are told of known contents: a file with the first eight bytes of every digest that is stored.

The file takes longer to write the more is stored, and every chunk adds to it: so it is written anew when that costs a
small part of the time. Invariant: a file never changes under its name, and lies there as long as anybody holds it.
"""

from __future__ import annotations

import os
import tempfile
import time
import weakref
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from workers.features import Space

_SHARE = 0.1
"""Of the time, at most, that goes into writing. A content that was stored since is decoded again, no more than that."""


class Prefixes:
    """A .npy file of sorted uint64, removed when this is dropped."""

    def __init__(self, prefixes: NDArray[np.uint64]) -> None:
        descriptor, name = tempfile.mkstemp(prefix="lookalike-known-", suffix=".npy")
        self.path = Path(name)
        weakref.finalize(self, self.path.unlink, missing_ok=True)
        with os.fdopen(descriptor, "wb") as file:
            np.save(file, prefixes)


class Known:
    """The contents that all of some spaces hold, for several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: tuple[object, ...] = ()
        self._prefixes: Prefixes | None = None
        self._due = 0.0

    def prefixes(self, scan_id: str, spaces: Sequence[Space]) -> Prefixes:
        """Hold what is returned for as long as its path is in use. New for each scan, and from time to time."""
        with self._lock:
            of, begun = (scan_id, *spaces), time.monotonic()
            if self._prefixes is None or of != self._of or begun >= self._due:
                self._of, self._prefixes = of, Prefixes(_common(spaces))
                now = time.monotonic()
                self._due = now + (now - begun) / _SHARE
            return self._prefixes


def _common(spaces: Sequence[Space]) -> NDArray[np.uint64]:
    for space in spaces:
        space.refresh()
    return reduce(np.intersect1d, [space.known_prefixes() for space in spaces])
