"""Index: collect what the chunks found, and cut the distinct contents into blocks.

Identical content is collapsed here: what follows sees each content once, however many files hold it.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from shared.context import Context
from shared.domain.chunking import chunk_count, pair_count
from shared.domain.scan import Phase
from shared.store import scans as store
from shared.store.scans import Found, Scan
from workers import manifest, spaces, tables
from workers.stages.blocks import fit_projection, positions


def index(ctx: Context, scan: Scan, unit: int) -> Found:
    """Write images, unreadable, contents (and query).parquet; sets the number of block pairs."""
    fields = store.fields(ctx.redis, scan.id)
    images, failed = _gather(ctx, scan, fields)
    tables.write(ctx, scan.id, "unreadable", _unreadable(ctx, scan, fields, failed))
    query = None
    if scan.request.upload is not None:
        mine = pc.equal(images["library"], "")
        query, images = images.filter(mine), images.filter(pc.invert(mine))
        tables.write(ctx, scan.id, "query", _contents(ctx, scan, query))
    contents = _contents(ctx, scan, images)
    row_of = pc.index_in(images["digest"], value_set=contents["digest"])
    tables.write(ctx, scan.id, "images", images.append_column("content", row_of))
    tables.write(ctx, scan.id, "contents", contents)
    floor = scan.request.threshold if query is not None else min(ctx.settings.floor, scan.request.threshold)
    projection = "" if query is not None else fit_projection(ctx, scan, contents["digest"].to_pylist(), floor)
    _remember(ctx, scan, float(fields["created"]), images)
    units = _units(len(contents), ctx.settings.block_size, searching=query is not None)
    return Found(set=units | {"projection": projection, "floor": str(floor)})


def _units(contents: int, size: int, searching: bool) -> dict[str, int]:
    blocks = chunk_count(contents, size)
    return {
        "block_size": size,
        "contents": contents,
        "pairs": contents if searching else contents * (contents - 1) // 2,
        f"total:{Phase.COMPARE}": blocks if searching else pair_count(blocks),
    }


def _gather(ctx: Context, scan: Scan, fields: dict[str, str]) -> tuple[pa.Table, pa.Table]:
    """Files with their outcomes, those that were read and those that were not."""
    files = tables.read(ctx, scan.id, f"{fields['plan']}/files", ["library", "path"])
    chunks = int(fields.get(f"total:{Phase.EXTRACT}", 0))
    parts = [tables.read(ctx, scan.id, f"chunks/{n}") for n in range(chunks)]
    outcomes = pa.concat_tables(parts) if parts else tables.OUTCOMES.empty_table()
    rows = outcomes["row"].combine_chunks()
    whole = pa.table(
        {name: files[name].combine_chunks().take(rows) for name in files.column_names}
        | {name: outcomes[name] for name in outcomes.column_names if name != "row"}
    )
    readable = pc.is_valid(whole["digest"])
    read = whole.filter(readable).select(tables.KNOWN.names)
    known = tables.read(ctx, scan.id, f"{fields['plan']}/known")
    return pa.concat_tables([known, read]), whole.filter(pc.invert(readable))


def _remember(ctx: Context, scan: Scan, begun_s: float, images: pa.Table) -> None:
    """So that the next scan need not open what is unchanged."""
    for library in {folder.library for folder in scan.request.walked}:
        mine = images.filter(pc.equal(images["library"], library))
        folders = [folder for folder in scan.request.walked if folder.library == library]
        manifest.remember(ctx, library, folders, mine, begun_s)


def _unreadable(ctx: Context, scan: Scan, fields: dict[str, str], failed: pa.Table) -> pa.Table:
    faults = tables.read(ctx, scan.id, f"{fields['plan']}/faults")
    return pa.concat_tables([faults, failed.select(faults.column_names)])


def _contents(ctx: Context, scan: Scan, images: pa.Table) -> pa.Table:
    """The distinct contents of ``images`` by digest, with what was seen in each."""
    digests = sorted(set(images["digest"].to_pylist()))
    space = spaces.pixels(ctx, scan)
    return space.take(positions(space, digests))
