"""The files that go where a picture goes, as they lie beside it: its sidecars, the other half of its shot.

Invariant: a half that is a picture or a film goes only if an equal one lies beside the picture that stays; a sidecar
is about its picture, and goes with it always. Folders are listed once for each batch; files are read before they move.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from shared.confined import open_folder, parent
from shared.domain.companions import companions, is_sidecar
from shared.domain.errors import LookalikeError
from workers.files.verify import Copy, Refused, digest_at, refusing, surviving


@dataclass(frozen=True, slots=True)
class Follower:
    """A file that goes along: its path in its library, SHA-256 and size as just read, and its equals that stay."""

    path: bytes
    digest: str
    size: int
    survivors: tuple[Copy, ...]


class Beside:
    """What lies beside pictures, folder by folder."""

    def __init__(self) -> None:
        self._names = cache(_by_stem)

    def of(self, root: bytes, path: bytes) -> list[bytes]:
        """Paths of the files that belong to a picture, by their names."""
        folder, slash, name = path.rpartition(b"/")
        by_stem = self._names(root, folder)
        near = set(by_stem[_stem(name)])
        near |= {found for other in (name, *near) for found in by_stem[other.lower()]}
        return [folder + slash + found for found in companions(name, near)]

    def follower(self, root: bytes, path: bytes, picture: bytes, survivors: Sequence[Copy], free: bool) -> Follower:
        """One of them, read; ``free`` of the need for an equal one. Raises Refused (companion_unique and others)."""
        with refusing(), parent(root, path) as (folder, name):
            digest, status = digest_at(folder, name)
        if free or is_sidecar(name):
            return Follower(path, digest, status.st_size, ())
        equals = tuple(
            Copy(copy.root, other, digest)
            for copy in survivors
            for other in self.of(copy.root, copy.path)
            if _suffix(other) == _suffix(path)
        )
        try:
            surviving(equals, status)
        except Refused as refusal:
            raise Refused("companion_unique", name.decode("utf-8", "backslashreplace")) from refusal
        return Follower(path, digest, status.st_size, equals)


def _by_stem(root: bytes, folder: bytes) -> defaultdict[bytes, list[bytes]]:
    found: defaultdict[bytes, list[bytes]] = defaultdict(list)
    try:
        descriptor = open_folder(root, folder)
    except (OSError, LookalikeError):  # nothing can be moved there either, and that says why
        return found
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    name = os.fsencode(entry.name)
                    found[_stem(name)].append(name)
    finally:
        os.close(descriptor)
    return found


def _stem(name: bytes) -> bytes:
    stem, dot, suffix = name.lower().rpartition(b".")
    return stem if dot else suffix


def _suffix(path: bytes) -> bytes:
    return path.lower().rpartition(b".")[2]
