"""The strongest matches of each image of a block pair, as they are found, in bounded memory.

Invariant: what is kept, and what is counted as left out, does not depend on the order in which matches come.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers import scores
from workers.scores import LEVELS, MATCH, Scores

_WAITING = 1 << 21
"""Matches in memory before the weaker ones are dropped."""


class Best:
    """Keeps each match that is among the ``most`` strongest of one of its images; the rest is counted."""

    def __init__(self, images: int, most: int) -> None:
        self._images, self._most = images, most
        self._matches = np.empty(0, MATCH)
        self._reach = np.empty(0, np.float32)
        self._new: list[tuple[NDArray[np.void], NDArray[np.float32]]] = []  # and since these were put together
        self._held = 0
        self._left_out: NDArray[np.int64] | None = None  # of each image at each level, once there is one
        self._least = np.full(images, -np.inf, np.float32)  # reach of the weakest match that is among the most
        self._last = np.full(images, images, np.int64)  # and whom it is with

    def add(self, found: NDArray[np.void], reach: NDArray[np.float32]) -> None:
        """Matches of dtype MATCH between images 0 to ``images``, and how far each reaches."""
        hopeful = self._hopeful(found["a"], found["b"], reach) | self._hopeful(found["b"], found["a"], reach)
        self._count(found, reach, ~hopeful)
        self._new.append((found[hopeful], reach[hopeful]))
        self._held += len(self._new[-1][0])
        if self._held > _WAITING + 2 * self._images * min(self._most, _WAITING):
            self._settle()

    def ended(self, flooded: int) -> tuple[Scores, NDArray[np.float32]]:
        """What is kept, and how far it reaches; of an image with more than ``most`` matches, ``flooded`` alone."""
        self._put_together()
        met = np.bincount(np.concatenate([self._matches["a"], self._matches["b"]]), minlength=self._images)
        if self._left_out is not None:
            met += self._left_out.reshape(-1, LEVELS).sum(axis=1)
        more = met > self._most
        limit = np.where(more, min(flooded, self._most), self._most)
        rank = self._rank()
        self._keep((rank[0] < limit[self._matches["a"]]) | (rank[1] < limit[self._matches["b"]]))
        left_out = np.empty(0, np.int64) if self._left_out is None else self._left_out
        return Scores(self._matches, scores.from_counts(left_out)), self._reach

    def _hopeful(
        self, image: NDArray[np.uint32], other: NDArray[np.uint32], reach: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Which may be among the strongest of ``image``."""
        least = self._least[image]
        hopeful: NDArray[np.bool_] = (reach > least) | ((reach == least) & (other <= self._last[image]))
        return hopeful

    def _settle(self) -> None:
        """Drop the weaker matches, and note from where on others are hopeful."""
        self._put_together()
        rank = self._rank()
        for end, other, place in (("a", "b", rank[0]), ("b", "a", rank[1])):
            last = self._matches[place == self._most - 1]
            self._least[last[end]] = self._reach[place == self._most - 1]
            self._last[last[end]] = last[other]
        self._keep(rank.min(axis=0) < self._most)

    def _put_together(self) -> None:
        self._matches = np.concatenate([self._matches, *(matches for matches, _ in self._new)])
        self._reach = np.concatenate([self._reach, *(reach for _, reach in self._new)])
        self._new = []

    def _rank(self) -> NDArray[np.int64]:
        return scores.rank(self._matches, self._reach)

    def _keep(self, kept: NDArray[np.bool_]) -> None:
        self._count(self._matches, self._reach, ~kept)
        self._matches, self._reach = self._matches[kept], self._reach[kept]
        self._held = len(self._matches)

    def _count(self, matches: NDArray[np.void], reach: NDArray[np.float32], dropped: NDArray[np.bool_]) -> None:
        percent = scores.percent(reach[dropped])
        if not len(percent):
            return
        if self._left_out is None:
            self._left_out = np.zeros(self._images * LEVELS, np.int64)
        for end in ("a", "b"):
            level = matches[end][dropped].astype(np.int64) * LEVELS + percent
            self._left_out += np.bincount(level, minlength=len(self._left_out))
