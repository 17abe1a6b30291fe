"""Plan: walk the folders of a scan, write down every file, cut those that must be read into chunks.

A search walks none where a finished scan of its folders can serve it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.context import Context
from shared.domain.chunking import chunk_count, chunk_size
from shared.domain.scan import Folder, Phase, outermost
from shared.store import libraries
from shared.store import scans as store
from shared.store.scans import Found, Scan
from workers import gone, manifest, spaces, tables
from workers.features import Space
from workers.files import permissions
from workers.files.walk import WalkFault, walk
from workers.stages import searchable


def plan(ctx: Context, scan: Scan, unit: int) -> Found:
    """Write files, known and faults.parquet; sets the number of images and of chunks."""
    roots = {f.library: libraries.get(ctx.redis, f.library).root for f in scan.request.walked}
    identities = {gone.field(library): gone.identity(root) for library, root in roots.items()}
    base = searchable.latest(ctx, scan)
    known, unread, faults = _listed(ctx, scan) if base is None else _NOTHING
    counts = _counted(known, unread, faults) if base is None else searchable.counts(ctx, base)
    if scan.request.upload is not None:
        upload = {"library": "", "path": scan.request.upload.encode()}
        unread = pa.concat_tables([unread, tables.from_rows([upload], tables.FILES)])
    version = tables.version("plan")
    for name, table in (("files", unread), ("known", known), ("faults", faults)):
        tables.write(ctx, scan.id, f"{version}/{name}", table)
    batch_size = int(store.fields(ctx.redis, scan.id).get("batch_size", 1))
    size = chunk_size(len(unread), ctx.settings.chunk_size, multiple=batch_size)
    return Found(
        set={
            **identities,
            **counts,
            "plan": version,
            "chunk_size": size,
            f"total:{Phase.EXTRACT}": chunk_count(len(unread), size),
        }
    )


_NOTHING = (tables.KNOWN.empty_table(), tables.FILES.empty_table(), tables.FAULTS.empty_table())


def _listed(ctx: Context, scan: Scan) -> tuple[pa.Table, pa.Table, pa.Table]:
    """What the folders hold: files that are known, those that must be read, folders that could not be."""
    files, faults = _walk(ctx, outermost(scan.request.walked))
    return (*_split(ctx, scan, files), faults)


def _counted(known: pa.Table, unread: pa.Table, faults: pa.Table) -> dict[str, int | str]:
    done = len(known) + len(faults)
    return {"images": done + len(unread), "images_done": done, "images_known": done, "unreadable": len(faults)}


def _walk(ctx: Context, folders: Sequence[Folder]) -> tuple[pa.Table, pa.Table]:
    """Every file, and every folder that could not be read. The data folder is never walked."""
    data = ctx.layout.root.stat()
    files, faults = _Columns(tables.FILES), _Columns(tables.FAULTS)
    for folder in folders:
        library = libraries.get(ctx.redis, folder.library)
        permissions.report(ctx, library)
        for found in walk(library.root, folder.path, skip={(data.st_dev, data.st_ino)}):
            if isinstance(found, WalkFault):
                faults.add(library.id, found.path, found.code, found.reason)
            else:
                files.add(library.id, found.path, found.size, found.mtime_ns, found.device, found.inode)
    return files.table(), faults.table()


def _split(ctx: Context, scan: Scan, files: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Files that are unchanged and whose features are stored, and those that must be read."""
    needed, damaged = spaces.needed(ctx, scan), spaces.damaged(ctx)
    known, unread = [tables.KNOWN.empty_table()], [tables.FILES.empty_table()]
    for library in files["library"].unique().to_pylist():
        mine = files.filter(pc.equal(files["library"], library))
        digests = manifest.digests(ctx, library, mine)
        stored = _stored(needed, damaged, digests)
        known.append(mine.append_column(tables.KNOWN.field("digest"), digests).filter(stored))
        unread.append(mine.filter(pc.invert(stored)))
    return pa.concat_tables(known), pa.concat_tables(unread)


def _stored(needed: Sequence[Space], damaged: Space, digests: pa.Array) -> pa.Array:
    """Which of ``digests`` all of the spaces hold; null is not held. The damaged are read each time, as are all files
    with a fault, so that it is told each time."""
    valid = digests.is_valid().to_numpy(zero_copy_only=False)
    wanted = digests.drop_null().to_pylist()
    held = np.ones(len(wanted), bool)
    for space in needed:
        space.refresh()
        held &= space.find(wanted) >= 0
    damaged.refresh()
    held &= damaged.find(wanted) < 0
    stored = np.zeros(len(digests), bool)
    stored[valid] = held
    return pa.array(stored)


class _Columns:
    """Rows gathered column by column: a million dictionaries would take gigabytes."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns: list[list[object]] = [[] for _ in schema]

    def add(self, *values: object) -> None:
        for column, value in zip(self._columns, values, strict=True):
            column.append(value)

    def __len__(self) -> int:
        return len(self._columns[0])

    def table(self) -> pa.Table:
        arrays = [pa.array(column, field.type) for column, field in zip(self._columns, self._schema, strict=True)]
        return pa.Table.from_arrays(arrays, schema=self._schema)
