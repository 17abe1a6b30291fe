"""The tables of a scan: Parquet files in the scan's folder, each written whole or not at all.

<plan>/files.parquet  what the walk found, in order; chunk n holds rows [n * size, (n + 1) * size)
<plan>/known.parquet  files that are unchanged since an earlier scan, with their digests
<plan>/faults.parquet folders that could not be read
chunks/<n>.parquet what became of each file of chunk n
<index>/contents.parquet the distinct contents, block by block
<index>/blocks.parquet   the blocks that hold them: name, first row, rows
<index>/tasks.parquet    pairs of blocks (by number) whose scores are not kept from earlier scans
<index>/query.parquet    the one content that is searched for (searches only)
<index>/images.parquet   every readable image and the row of its content
unreadable.parquet every file that could not be used, or not all of it, with its reason
<shortlist>.parquet contents whose full pixels are to be digested, with a place to read each

Names in angle brackets are fields of the scan that its unit sets when it is counted: a repeat of these units finds
something else (another walk, a fuller store), and one that ends late must not change what others are reading.
Every other table is the same whoever writes it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from shared.context import Context
from shared.domain.errors import ScanFailed
from shared.store.scans import Scan
from shared.whole import written_whole

FILES = pa.schema(
    [
        ("library", pa.string()),  # empty for the image that is searched for
        ("path", pa.binary()),
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("device", pa.uint64()),
        ("inode", pa.uint64()),
    ]
)
FAULTS = pa.schema([("library", pa.string()), ("path", pa.binary()), ("code", pa.string()), ("reason", pa.string())])
KNOWN = FILES.append(pa.field("digest", pa.binary(32)))
OUTCOMES = pa.schema(
    [
        ("row", pa.int64()),  # of files.parquet
        ("digest", pa.binary(32)),  # null where nothing could be used
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("device", pa.uint64()),
        ("inode", pa.uint64()),
        ("code", pa.string()),  # null where nothing is wrong; a damaged file has a digest and a code
        ("reason", pa.string()),
    ]
)
SHORTLIST = pa.schema([("digest", pa.binary(32)), ("library", pa.string()), ("path", pa.binary())])


_ROW_GROUP = 1 << 14  # rows: what must be read for a few of them


def version(name: str) -> str:
    """A name that no other attempt of the same unit writes to."""
    return f"{name}-{secrets.token_hex(4)}"


def indexed(scan: Scan, name: str) -> str:
    """The name of a table that the index unit of a scan has written."""
    return f"{scan.index}/{name}"


def path(ctx: Context, scan_id: str, name: str) -> Path:
    """Where table ``name`` of a scan lies."""
    return ctx.layout.scan(scan_id) / f"{name}.parquet"


def write(ctx: Context, scan_id: str, name: str, table: pa.Table) -> None:
    """Write a table; a repeat replaces it with the same."""
    write_file(path(ctx, scan_id, name), table)


def write_file(target: Path, table: pa.Table) -> None:
    """Write a Parquet file, whole or not at all."""
    with written_whole(target) as draft, draft.open("wb") as file:
        pq.write_table(table, file, row_group_size=_ROW_GROUP)


def read(ctx: Context, scan_id: str, name: str, columns: list[str] | None = None) -> pa.Table:
    """Read a table.

    Raises:
        ScanFailed: it is gone or torn; the scan cannot go on.
    """
    with _readable(path(ctx, scan_id, name)) as target:
        return pq.read_table(target, columns=columns)


@contextmanager
def _readable(target: Path) -> Iterator[Path]:
    try:
        yield target
    except (OSError, pa.ArrowException) as error:
        raise ScanFailed(
            f"A table of this scan cannot be read ({target.name}: {error}). Was the data folder changed? Scan again.",
            code="table_lost",
        ) from error


def read_rows(ctx: Context, scan_id: str, name: str, rows: range, columns: list[str] | None = None) -> pa.Table:
    """Some rows of a table, of those that it has. Raises ScanFailed as :func:`read`."""
    with _readable(path(ctx, scan_id, name)) as target, pq.ParquetFile(target) as file:
        ends = _ends(file)
        first, last = np.searchsorted(ends, [rows.start, rows.stop - 1], side="right")
        groups = range(int(first), min(int(last) + 1, len(ends)))
        begun = int(ends[first - 1]) if first else 0
        return file.read_row_groups(groups, columns=columns).slice(rows.start - begun, len(rows))


def take(ctx: Context, scan_id: str, name: str, rows: NDArray[np.int64], columns: list[str] | None = None) -> pa.Table:
    """These rows of a table, in this order, by reading the parts that hold them. Raises ScanFailed as :func:`read`."""
    with _readable(path(ctx, scan_id, name)) as target, pq.ParquetFile(target) as file:
        ends = _ends(file)
        owners = np.searchsorted(ends, rows, side="right")
        groups, at = np.unique(owners, return_inverse=True)
        begun = (ends - np.diff(ends, prepend=0))[groups]  # of each group in the table, and below in what is read
        read_at = np.cumsum(ends[groups] - begun) - (ends[groups] - begun)
        return file.read_row_groups(groups.tolist(), columns=columns).take(pa.array(rows - begun[at] + read_at[at]))


def count(ctx: Context, scan_id: str, name: str) -> int:
    """How many rows a table has. Raises ScanFailed as :func:`read`."""
    with _readable(path(ctx, scan_id, name)) as target:
        return int(pq.read_metadata(target).num_rows)


def _ends(file: pq.ParquetFile) -> NDArray[np.int64]:
    """Where each of its parts ends."""
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    return np.cumsum(sizes, dtype=np.int64)


def from_rows(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table from dictionaries; a missing key is null."""
    return pa.Table.from_pylist(rows, schema=schema)
