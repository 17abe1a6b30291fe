"""Who matches whom, as arrays: the neighbours of a row are made into a list when they are asked for.

Invariant: symmetric; the best match of a row comes first, and of equal ones that of better rank.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


class Neighbours(Mapping[int, list[int]]):
    """Matching rows of each row."""

    def __init__(
        self,
        a: NDArray[np.integer],
        b: NDArray[np.integer],
        similarity: NDArray[np.float64],
        ranked: Sequence[int],
    ) -> None:
        """From the rows ``a`` and ``b`` of matches, (n) each, named once; ``ranked`` holds all rows, best first."""
        row, other = np.concatenate([a, b]).astype(np.int64), np.concatenate([b, a]).astype(np.int64)
        place = np.zeros(max(ranked, default=0) + 1, np.int64)
        place[list(ranked)] = np.arange(len(ranked))
        order = np.lexsort((place[other], -np.tile(similarity, 2), row))
        self._others = other[order]
        self._rows, starts = np.unique(row[order], return_index=True)
        self._starts = np.append(starts, len(row))
        self._places = {row: place for place, row in enumerate(self._rows.tolist())}

    def __getitem__(self, row: int) -> list[int]:
        place = self._places[row]
        found: list[int] = self._others[self._starts[place] : self._starts[place + 1]].tolist()
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
