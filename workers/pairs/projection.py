"""Projection: a few coordinates of each row, and the length of what they leave out.

For a matrix V (d, k) whose spectral norm is at most 1, I - VV' is positive semidefinite, so that by
Cauchy-Schwarz x.y <= (V'x).(V'y) + r(x) r(y) with r(x)^2 = |x|^2 - |V'x|^2. The columns of V need not be quite
orthogonal. The part left out may be cut into segments, each with its own length. Sources: FEXIPRO (Li, Chan, Yiu
& Mamoulis, SIGMOD 2017), LEMP (Teflioudi & Gemulla, SIGMOD 2015); docs/comparison.md has the derivation.

Invariant: the product of two projected rows is at least the product of the rows less :func:`coordinate_error`.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.domain.errors import ScanFailed
from workers.pairs.rounding import product, product_error, squared_norms

Rows = NDArray[np.float32]

_AT_ONCE = 2048  # rows


@dataclass(frozen=True, eq=False)
class Projection:
    """How rows of a space are projected.

    Attributes:
        directions: float32 (d, k), spectral norm at most 1.
        head: number of leading coordinates that the first test of a pair multiplies.
        ends: where each segment of the other coordinates ends; the last is k, and holds the rest of the row too.
    """

    directions: Rows
    head: int
    ends: tuple[int, ...]

    @property
    def width(self) -> int:
        """Numbers in a head: the leading coordinates and the length of each segment."""
        return self.head + len(self.ends)

    @property
    def key(self) -> str:
        """A name for blocks that were projected so: equal for equal directions."""
        return hashlib.blake2b(self.directions.tobytes(), digest_size=10, person=b"lookalike-prj-v1").hexdigest()

    def save(self, path: Path) -> None:
        """Write it as .npz."""
        with path.open("wb") as file:
            np.savez(file, directions=self.directions, head=self.head, ends=np.array(self.ends))

    @classmethod
    def load(cls, path: Path) -> Projection:
        """Read what :meth:`save` wrote. Raises OSError, ValueError, KeyError."""
        with np.load(path, allow_pickle=False) as saved:
            return cls(saved["directions"], int(saved["head"]), tuple(int(end) for end in saved["ends"]))


def project(projection: Projection, rows: Rows) -> Rows:
    """Project rows, float32 (n, d), to float32 (n, k + 1): coordinates, then the length of what they leave out.

    The length is rounded up, so that it is never less than the true one.

    Raises:
        ScanFailed: a row holds a value that is not finite.
    """
    found = np.empty((len(rows), projection.directions.shape[1] + 1), np.float32)
    turned = np.ascontiguousarray(projection.directions.T)
    for start in range(0, len(rows), _AT_ONCE):
        some = np.ascontiguousarray(rows[start : start + _AT_ONCE])
        squared = squared_norms(check_finite(some))
        coordinates = product(some, turned)
        found[start : start + len(some), :-1] = coordinates
        found[start : start + len(some), -1] = _left_out(squared, coordinates, some.shape[1])
    return found


def heads(projection: Projection, coordinates: Rows) -> Rows:
    """The heads of projected rows: float32 (n, k + 1) to (n, width). Their products bound the cosine as well."""
    starts = np.array([projection.head, *projection.ends[:-1]])
    found = np.empty((len(coordinates), projection.width), np.float32)
    found[:, : projection.head] = coordinates[:, : projection.head]
    squares = np.square(coordinates, dtype=np.float64)
    found[:, projection.head :] = _up(np.sqrt(np.add.reduceat(squares, starts, axis=1)))
    return found


def coordinate_error(dimension: int, directions: int) -> float:
    """How far a projected row may be from the true one, relative to the row's length.

    Each coordinate is off by :func:`product_error` at most; the true projected row is as long as the row itself.
    """
    return product_error(dimension) * math.sqrt(directions)


def slack(dimension: int, directions: int, norm_a: float, norm_b: float) -> float:
    """By how much the product of two projected rows of these lengths may fall short of the product of the rows."""
    error = coordinate_error(dimension, directions)
    return norm_a * norm_b * (2 * error + error * error)


def check_finite(rows: Rows) -> Rows:
    """The rows, if every value is finite.

    Raises:
        ScanFailed: a row holds NaN or infinity.
    """
    if not np.isfinite(rows).all():
        raise ScanFailed(
            "Features hold values that are not finite, so they cannot be compared. The feature store is damaged: "
            "remove its folder in the data folder and scan again.",
            code="not_finite",
        )
    return rows


def _left_out(squared: NDArray[np.float64], coordinates: Rows, dimension: int) -> Rows:
    """The length that the coordinates leave out, from above: what rounding may have taken is added."""
    error = coordinate_error(dimension, coordinates.shape[1])
    kept = np.square(coordinates, dtype=np.float64).sum(axis=1)
    doubt = squared * 1.001 * (product_error(dimension) + 2 * error + 2 * error * error)
    return _up(np.sqrt(np.maximum(squared - kept, 0.0) + doubt))


def _up(values: NDArray[np.float64]) -> Rows:
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))
