"""Verify: of the contents that may hold equal pixels, digest all pixels, and let the digests decide.

Images are compared by a reduced decode, which is fast but proves nothing about the full picture. Only
twins (equal dimensions, nearly equal hashes) are decoded in full, each content once, ever.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.context import Context
from shared.domain.chunking import chunk_count, chunk_range, chunk_size
from shared.domain.scan import Phase
from shared.store import scans as store
from shared.store.scans import Found, Scan
from workers import engine, spaces, tables
from workers.gone import check_there
from workers.stages.searching import comparison_of
from workers.vision.reading import Failure


def shortlist(ctx: Context, scan: Scan, unit: int) -> Found:
    """Write the shortlist: contents that have a twin and whose full pixels are not yet digested."""
    rows = np.unique(
        np.concatenate([np.empty(0, np.int64), *(part.twins for part in comparison_of(ctx, scan).scores())])
    )
    images = _first_images(ctx, scan, rows.astype(np.int64))
    if scan.request.upload is not None and len(rows):
        images = pa.concat_tables([images, _query(ctx, scan)])
    places = images.filter(_undigested(ctx, images["digest"]))
    version = tables.version("shortlist")
    tables.write(ctx, scan.id, version, places)
    size = chunk_size(len(places), ctx.settings.chunk_size)
    units = chunk_count(len(places), size)
    return Found(set={"shortlist": version, "shortlist_size": size, f"total:{Phase.VERIFY}": units})


def _first_images(ctx: Context, scan: Scan, contents: NDArray[np.int64]) -> pa.Table:
    """An image of each of these contents: columns of tables.SHORTLIST."""
    name = tables.indexed(scan, "images")
    content = tables.read(ctx, scan.id, name, ["content"])["content"].to_numpy()
    wanted = np.flatnonzero(np.isin(content, contents))
    first = wanted[np.unique(content[wanted], return_index=True)[1]]
    return tables.take(ctx, scan.id, name, first, tables.SHORTLIST.names).select(tables.SHORTLIST.names)


def _query(ctx: Context, scan: Scan) -> pa.Table:
    digest = tables.read(ctx, scan.id, tables.indexed(scan, "query"), ["digest"])["digest"]
    path = pa.array([str(scan.request.upload).encode()], pa.binary())
    return pa.table({"digest": digest, "library": [""], "path": path}, schema=tables.SHORTLIST)


def _undigested(ctx: Context, digests: pa.ChunkedArray) -> pa.Array:
    space = spaces.full(ctx)
    space.refresh()
    return pa.array(space.find(digests.to_pylist()) < 0)


def digest_pixels(ctx: Context, scan: Scan, unit: int) -> Found:
    """Digest the full pixels of one chunk of the shortlist.

    A file that changed since, or cannot be decoded in full, gets no digest, and so is nobody's twin.
    """
    fields = store.fields(ctx.redis, scan.id)
    table, size = tables.read(ctx, scan.id, fields["shortlist"]), int(fields["shortlist_size"])
    part = table.slice(unit * size, len(chunk_range(unit, len(table), size))).to_pylist()
    jobs = engine.jobs(ctx, ((number, row["library"], row["path"]) for number, row in enumerate(part)))
    digested, failed = [], []
    for result in engine.decoders(ctx).pixel_digests(jobs):
        if isinstance(result, Failure):
            failed.append((part[result.number]["library"], result.code))
            continue
        if result.pixels is None or result.digest != part[result.number]["digest"]:
            continue
        digested.append({"digest": result.digest, "pixels": result.pixels})
    check_there(ctx, scan, failed)
    if digested:
        schema = pa.schema([("digest", pa.binary(32)), ("pixels", pa.binary(32))])
        spaces.full(ctx).append(pa.Table.from_pylist(digested, schema=schema), None)
    return Found()
