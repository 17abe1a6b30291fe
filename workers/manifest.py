"""What is known of a library's files from earlier scans, so that an unchanged file is not even opened.

One Parquet file a library, replaced as a whole: path, size, mtime_ns, inode and the digest that the content had.
Invariant: an entry is written only for a file that was last changed well before it was read, so a file with the same
size, time and inode has the same content (git's index calls the others "racily clean").
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from shared.context import Context
from shared.domain.scan import Folder
from workers import tables

_log = structlog.get_logger(__name__)
_SETTLED_NS = 2_000_000_000  # FAT keeps times to two seconds
SCHEMA = pa.schema(
    [
        ("path", pa.binary()),
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("inode", pa.uint64()),
        ("digest", pa.binary(32)),
    ]
)


def digests(ctx: Context, library: str, files: pa.Table) -> pa.Array:
    """The digest of each of ``files`` (rows of tables.FILES, all of this library); null where it must be read."""
    known = read(ctx, library)
    at = pc.index_in(files["path"].combine_chunks(), value_set=known["path"].combine_chunks())
    before = known.take(at)
    same = [pc.equal(before[name], files[name]) for name in ("size", "mtime_ns", "inode")]
    unchanged = pc.fill_null(pc.and_(pc.and_(same[0], same[1]), same[2]), False)
    return pc.if_else(unchanged, before["digest"], pa.scalar(None, SCHEMA.field("digest").type)).combine_chunks()


def remember(ctx: Context, library: str, folders: Sequence[Folder], images: pa.Table, begun_s: float) -> None:
    """Replace what is known of ``folders`` by what a scan that began at ``begun_s`` has read."""
    settled = pc.less(images["mtime_ns"], int(begun_s * 1e9) - _SETTLED_NS)
    fresh = images.filter(settled).select(SCHEMA.names).cast(SCHEMA)
    old = read(ctx, library)
    walked = np.array([_inside(path, folders) for path in old["path"].to_pylist()], bool)
    kept = old.filter(pa.array(~walked))
    tables.write_file(ctx.layout.manifest(library), pa.concat_tables([kept, fresh]))


def unchanged(root: bytes, known: Mapping[str, Any]) -> bool:
    """Whether a file of a library is there with the ``size`` and ``mtime_ns`` that it had."""
    try:
        now = os.lstat(os.path.join(root, known["path"]))
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (known["size"], known["mtime_ns"])


def read(ctx: Context, library: str) -> pa.Table:
    """What is known of a library; nothing where there is no manifest, or one that cannot be trusted."""
    path = ctx.layout.manifest(library)
    try:
        return pq.read_table(path).select(SCHEMA.names).cast(SCHEMA)
    except FileNotFoundError:
        return SCHEMA.empty_table()
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        _log.warning("manifest_passed_over", path=str(path), error=str(error))
        return SCHEMA.empty_table()


def _inside(path: bytes, folders: Sequence[Folder]) -> bool:
    return any(folder.path == b"" or path.startswith(folder.path + b"/") for folder in folders)
