"""Cover: the contents of a scan as blocks, most of which were blocks of earlier scans.

A block is a list of contents (digests) that never changes, named by a hash of it and kept in the data folder, so that
what was compared of two blocks holds for every scan that has both. A kept block serves a scan that holds at least half
of its contents; the others of it are masked. What no kept block holds forms new blocks; when small ones have become
many, their contents are put together anew. Invariant: each content of a scan is in one block of its cover, whatever
is kept.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import structlog
from numpy.typing import NDArray

from shared.whole import written_whole

Digests = NDArray[np.uint8]
"""(n, 32)"""
_SERVING = 0.5  # of a block's contents, at least, are in a scan that it serves
_MOST_SMALL = 8  # blocks less than half full: one more, and all of them are put together
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """A block of a cover: its name, and which contents of the scan it holds, in the block's order."""

    block: str
    contents: NDArray[np.int64]


def cover(folder: Path, digests: Digests, size: int, usable: Callable[[Digests], bool]) -> list[Part]:
    """Cover distinct contents with kept blocks, and with new ones of ``size`` at most, which are kept from here on.

    ``usable`` says whether all that is needed of a block's contents is stored, the masked ones' too. The parts come in
    the order of their names. Raises OSError.
    """
    kept = _kept(folder)
    taken = np.zeros(len(digests), bool)
    chosen: list[tuple[Part, int]] = []
    for name, places in _by_use(kept, digests):
        mine = places[(places >= 0)]
        mine = mine[~taken[mine]]
        masked = len(mine) < len(places)
        if len(mine) < max(1, _SERVING * len(places)) or (masked and not usable(kept[name])):
            continue
        taken[mine] = True
        chosen.append((Part(name, mine), len(mine)))
    small = [part for part, count in chosen if 2 * count < size]
    if len(small) > _MOST_SMALL:
        chosen = [(part, count) for part, count in chosen if 2 * count >= size]
        taken[np.concatenate([part.contents for part in small])] = False
    for part, _ in chosen:
        os.utime(_path(folder, part.block))  # it is of use still
    parts = [part for part, _ in chosen] + _new(folder, digests, np.flatnonzero(~taken), size)
    return sorted(parts, key=lambda part: part.block)


def read(folder: Path, name: str) -> Digests:
    """The contents of a block. Raises OSError, ValueError where it is torn."""
    found: Digests = np.load(_path(folder, name), allow_pickle=False)
    if found.dtype != np.uint8 or found.shape[1:] != (32,) or _name(found) != name:
        raise ValueError(f"The block {name} is not what its name says.")
    return found


def touch(folder: Path, name: str) -> bool:
    """Note that a block is of use still; False where it is not kept any more."""
    with suppress(FileNotFoundError):
        os.utime(_path(folder, name))
        return True
    return False


def as_array(digests: Sequence[bytes]) -> Digests:
    """Digests of 32 bytes each as uint8 (n, 32)."""
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)


def _kept(folder: Path) -> dict[str, Digests]:
    found = {}
    for path in sorted(folder.glob("*.npy")):
        try:
            found[path.stem] = read(folder, path.stem)
        except (OSError, ValueError, EOFError) as error:  # removed at this moment, or torn
            _log.warning("block_passed_over", block=path.stem, error=str(error))
    return found


def _by_use(kept: dict[str, Digests], digests: Digests) -> list[tuple[str, NDArray[np.int64]]]:
    """Blocks, and which content of the scan each of theirs is, or -1; those that hold the most of them first."""
    if not kept or not len(digests):
        return []
    every = _binary(np.concatenate(list(kept.values())))
    at = pc.fill_null(pc.index_in(every, value_set=_binary(digests)), -1).to_numpy().astype(np.int64)
    ends = np.cumsum([len(block) for block in kept.values()])
    found = list(zip(kept, np.split(at, ends[:-1]), strict=True))
    return sorted(found, key=lambda one: (-int((one[1] >= 0).sum()), one[0]))


def _binary(digests: Digests) -> pa.Array:
    data = pa.py_buffer(np.ascontiguousarray(digests))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), len(digests), [None, data])


def _new(folder: Path, digests: Digests, places: NDArray[np.int64], size: int) -> list[Part]:
    pieces = np.array_split(places, -(-len(places) // size)) if len(places) else []
    return [Part(_write(folder, digests[piece]), piece) for piece in pieces]


def _write(folder: Path, digests: Digests) -> str:
    name = _name(digests)
    with written_whole(_path(folder, name)) as draft, draft.open("wb") as file:
        np.save(file, digests, allow_pickle=False)
    return name


def _name(digests: Digests) -> str:
    return hashlib.blake2b(digests.tobytes(), digest_size=10, person=b"lookalike-blk-v1").hexdigest()


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.npy"
