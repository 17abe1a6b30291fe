"""Index: collect what the chunks found, and cut the distinct contents into blocks.

Identical content is collapsed here: what follows sees each content once, however many files hold it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.context import Context
from shared.domain.chunking import NOMINATED_AT_ONCE, block_size, chunk_count
from shared.domain.scan import Phase
from shared.store import scans as store
from shared.store.scans import Found, Scan
from workers import cover, manifest, spaces, tables
from workers.stages import projections, searchable
from workers.stages.block_size import largest_block
from workers.stages.blocks import positions
from workers.stages.searching import planned


def index(ctx: Context, scan: Scan, unit: int) -> Found:
    """Write the tables of contents; sets the number of pairs of blocks that must be compared."""
    fields = store.fields(ctx.redis, scan.id)
    scan = replace(scan, index=tables.version("index"))
    images, failed = _gather(ctx, scan, fields)
    if "base" not in fields:
        tables.write(ctx, scan.id, "unreadable", _unreadable(ctx, scan, fields, failed))
    if scan.request.upload is not None:
        mine = pc.equal(images["library"], "")
        query, images = images.filter(mine), images.filter(pc.invert(mine))
        _write(ctx, scan, "query", _contents(ctx, scan, query))
    if "base" in fields:
        searchable.take_over(ctx, scan, fields["base"])
    else:
        _find_out(ctx, scan, float(fields["created"]), images)
    return Found(set=_set(ctx, scan))


def _find_out(ctx: Context, scan: Scan, begun_s: float, images: pa.Table) -> None:
    """Write the tables of all images, and what of them later scans may rely on."""
    contents = _contents(ctx, scan, images)
    parts = _cover(ctx, scan, contents["digest"].to_pylist())
    contents = contents.take(np.concatenate([np.empty(0, np.int64), *(part.contents for part in parts)]))
    row_of = pc.index_in(images["digest"], value_set=contents["digest"].combine_chunks())
    _write(ctx, scan, "images", images.append_column("content", row_of))
    _write(ctx, scan, "contents", contents)
    _write(ctx, scan, "blocks", _blocks(parts))
    _remember(ctx, scan, begun_s, images)


def _set(ctx: Context, scan: Scan) -> dict[str, int | str]:
    """What the comparison needs to know; writes which pairs of blocks it is made of."""
    searching = scan.request.upload is not None
    kept_to = scan.request.threshold if searching or scan.request.proves else ctx.settings.floor
    floor = min(kept_to, scan.request.threshold)
    scan = replace(scan, kept_to=floor)
    comparison = planned(ctx, scan)
    missing = comparison.missing()
    _write(ctx, scan, "tasks", pa.table({"pair": pa.array(missing, pa.int64())}))
    pairs = sum(comparison.pairs(pair) for pair in range(comparison.size))
    known = pairs - sum(comparison.pairs(pair) for pair in missing)
    contents = tables.count(ctx, scan.id, tables.indexed(scan, "contents"))
    chosen = projections.latest(ctx, scan) if searching else _projection(ctx, scan, floor)
    nominating = 1 if searching else chunk_count(contents, NOMINATED_AT_ONCE)
    return {
        f"total:{Phase.NOMINATE}": nominating if scan.request.proves else 0,
        "index": str(scan.index),
        "floor": str(floor),
        "projection": chosen,
        "contents": contents,
        "pairs": pairs,
        "pairs_done": known,
        "pairs_known": known,
        f"total:{Phase.COMPARE}": len(missing),
    }


def _projection(ctx: Context, scan: Scan, floor: float) -> str:
    digests = tables.read(ctx, scan.id, tables.indexed(scan, "contents"), ["digest"])["digest"]
    return projections.choose_projection(ctx, scan, digests.to_pylist(), floor)


def _cover(ctx: Context, scan: Scan, digests: list[bytes]) -> list[cover.Part]:
    needed = [space for space in (spaces.pixels(ctx, scan), spaces.deep(ctx, scan)) if space is not None]

    def usable(block: cover.Digests) -> bool:
        return all((space.find([row.tobytes() for row in block]) >= 0).all() for space in needed)

    for space in needed:
        space.refresh()
    size = block_size(len(digests), largest_block(ctx))
    return cover.cover(ctx.layout.comparison / "blocks", cover.as_array(digests), size, usable)


def _blocks(parts: list[cover.Part]) -> pa.Table:
    rows = np.array([len(part.contents) for part in parts], np.int64)
    return pa.table(
        {"block": pa.array([p.block for p in parts], pa.string()), "first": rows.cumsum() - rows, "rows": rows}
    )


def _write(ctx: Context, scan: Scan, name: str, table: pa.Table) -> None:
    tables.write(ctx, scan.id, tables.indexed(scan, name), table)


def _gather(ctx: Context, scan: Scan, fields: dict[str, str]) -> tuple[pa.Table, pa.Table]:
    """Files with their outcomes, those that were read and those with a fault; a damaged one is among both."""
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
    return pa.concat_tables([known, read]), whole.filter(pc.is_valid(whole["code"]))


def _remember(ctx: Context, scan: Scan, begun_s: float, images: pa.Table) -> None:
    """So that the next scan need not open what is unchanged."""
    for library in {folder.library for folder in scan.request.walked}:
        mine = images.filter(pc.equal(images["library"], library))
        folders = [folder for folder in scan.request.walked if folder.library == library]
        manifest.remember(ctx, library, folders, mine, begun_s)


def _unreadable(ctx: Context, scan: Scan, fields: dict[str, str], failed: pa.Table) -> pa.Table:
    faults = tables.read(ctx, scan.id, f"{fields['plan']}/faults")
    failed = failed.filter(pc.not_equal(failed["library"], ""))  # what is searched for is no file of a library
    return pa.concat_tables([faults, failed.select(faults.column_names)])


def _contents(ctx: Context, scan: Scan, images: pa.Table) -> pa.Table:
    """The distinct contents of ``images`` by digest, with what was seen in each and what its file says."""
    digests = sorted(set(images["digest"].to_pylist()))
    space, damaged = spaces.pixels(ctx, scan), spaces.damaged(ctx)
    damaged.refresh()
    contents = space.take(positions(space, digests)).append_column("damaged", pa.array(damaged.find(digests) >= 0))
    facts = _facts(ctx, digests)
    for name in facts.column_names[1:]:
        contents = contents.append_column(name, facts[name])
    return contents


def _facts(ctx: Context, digests: list[bytes]) -> pa.Table:
    space = spaces.facts(ctx)
    return space.take(positions(space, digests))
