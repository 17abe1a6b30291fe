"""Group: from scores between contents to matches, groups and keepers of images; writes the result.

The keeper is the copy that shows most: most pixels, then most bytes, then the oldest, then the shortest path. Where
there are reference folders, a picture of theirs comes before all others, and a group holds one of them at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shared.context import Context
from shared.domain.grouping import stars
from shared.domain.model import Image, Kind, Pair, Signals, Unreadable, image_id
from shared.domain.scan import ScanRequest
from shared.store import results
from shared.store.scans import Found, Scan
from workers import tables
from workers.stages.matches import QUERY, Matches
from workers.stages.matches import matches as find_matches

EXACT = Signals(similarity=1.0, kind=Kind.EXACT)


@dataclass(frozen=True, slots=True)
class Copies:
    """The images that hold one content, best first, and the device and inode of each."""

    images: tuple[Image, ...]
    inodes: tuple[tuple[int, int], ...]


def group(ctx: Context, scan: Scan, unit: int) -> Found:
    """Write result.sqlite; sets the number of groups and matches."""
    matches, omitted = find_matches(ctx, scan)
    searching = scan.request.upload is not None
    copies = _copies(ctx, scan, matches)
    groups = [] if searching else _groups(scan.request, matches, copies)
    found = _answers(ctx, scan, matches, copies) if searching else []
    pairs = [] if searching else list(_pairs(matches, copies))
    result = results.Result(
        total=len(tables.read(ctx, scan.id, "images", ["content"])),
        images=[image for some in copies.values() for image in some.images],
        omitted={copies[row].images[0].id: count for row, count in omitted.items() if row in copies},
        groups=groups,
        pairs=pairs,
        matches=found,
        unreadable=_unreadable(ctx, scan),
    )
    results.write(ctx.layout.result(scan.id), result)
    return Found(set={"groups": len(groups), "matches": len(found) if searching else len(pairs)})


def _copies(ctx: Context, scan: Scan, matches: Matches) -> dict[int, Copies]:
    """The images of every content that matches another or is held by several files."""
    images = tables.read(ctx, scan.id, "images")
    counts = pc.value_counts(images["content"])
    several = {c["values"].as_py() for c in counts if c["counts"].as_py() > 1}
    rows = {row for pair in matches for row in pair if row != QUERY}
    rows |= _equal_to_query(ctx, scan) if scan.request.upload is not None else several
    wanted = images.filter(pc.is_in(images["content"], value_set=pa.array(sorted(rows), images["content"].type)))
    seen = tables.read(ctx, scan.id, "contents").take(wanted["content"])
    by_content: dict[int, list[tuple[Image, tuple[int, int]]]] = defaultdict(list)
    for row, content in zip(wanted.to_pylist(), seen.to_pylist(), strict=True):
        by_content[row["content"]].append((_image(row, content), (row["device"], row["inode"])))
    return {content: _ranked(scan.request, found) for content, found in sorted(by_content.items())}


def _equal_to_query(ctx: Context, scan: Scan) -> set[int]:
    digest = tables.read(ctx, scan.id, "query", ["digest"])["digest"].combine_chunks()
    place = pc.index_in(digest, value_set=tables.read(ctx, scan.id, "contents", ["digest"])["digest"].combine_chunks())
    return {int(row) for row in place.to_pylist() if row is not None}


def _ranked(wanted: ScanRequest, found: list[tuple[Image, tuple[int, int]]]) -> Copies:
    """Best first; of those in reference folders the best alone, since they are not compared with each other."""
    found.sort(key=lambda one: _place(wanted, one[0]))
    shown = found[:1] + [one for one in found[1:] if not wanted.is_reference(one[0].library, one[0].path)]
    return Copies(tuple(image for image, _ in shown), tuple(inode for _, inode in shown))


def _place(wanted: ScanRequest, image: Image) -> tuple[object, ...]:
    """Sorts what stays first: what lies in a reference folder, then the better copy."""
    return not wanted.is_reference(image.library, image.path), *rank(image)


def rank(image: Image) -> tuple[object, ...]:
    """Sorts the copy to keep first."""
    return (-image.width * image.height, -image.size, image.mtime_ns, len(image.path), image.library, image.path)


def _image(row: dict[str, Any], seen: dict[str, Any]) -> Image:
    """From a row of images.parquet and the row of its content."""
    return Image(
        id=image_id(row["library"], row["path"]),
        library=row["library"],
        path=row["path"],
        size=row["size"],
        mtime_ns=row["mtime_ns"],
        digest=row["digest"].hex(),
        width=seen["width"],
        height=seen["height"],
        format=seen["format"],
        frames=seen["frames"],
    )


def _groups(
    wanted: ScanRequest, matches: Matches, copies: dict[int, Copies]
) -> list[tuple[str, Sequence[tuple[str, Signals]], int]]:
    """(keeper's id, members, bytes freed) of every group, most bytes freed first."""
    neighbours = _neighbours(matches)
    ranked = sorted(copies, key=lambda row: _place(wanted, copies[row].images[0]))
    found = stars(ranked, neighbours)
    taken = {row for keeper, members in found for row in (keeper, *members)}
    found += [(row, []) for row in ranked if row not in taken and len(copies[row].images) > 1]
    built = [_group(keeper, members, matches, copies) for keeper, members in found]
    paths = {some.images[0].id: (some.images[0].library, some.images[0].path) for some in copies.values()}
    return sorted(built, key=lambda one: (-one[2], paths[one[0]]))


def _neighbours(matches: Matches) -> dict[int, list[int]]:
    """Matching contents of each, best first."""
    found: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for (a, b), signals in matches.items():
        found[a].append((-signals.similarity, b))
        found[b].append((-signals.similarity, a))
    return {row: [other for _, other in sorted(others)] for row, others in found.items()}


def _group(
    keeper: int, members: list[int], matches: Matches, copies: dict[int, Copies]
) -> tuple[str, Sequence[tuple[str, Signals]], int]:
    best = copies[keeper]
    listed = [(image.id, EXACT) for image in best.images[1:]]
    for row in members:
        signals = matches[min(keeper, row), max(keeper, row)]
        listed += [(image.id, signals) for image in copies[row].images]
    return best.images[0].id, listed, _freed(best, [copies[row] for row in members])


def _freed(keeper: Copies, members: Iterable[Copies]) -> int:
    """Bytes that go when all but the keeper go; names of one file (hard links) count once, the keeper's not at all."""
    sizes: dict[tuple[int, int], int] = {}
    for some in (keeper, *members):
        for image, inode in zip(some.images, some.inodes, strict=True):
            sizes[inode] = image.size
    return sum(size for inode, size in sizes.items() if inode != keeper.inodes[0])


def _pairs(matches: Matches, copies: dict[int, Copies]) -> Iterator[Pair]:
    """Every match once; byte-identical copies are paired with their first copy only."""
    for some in copies.values():
        for other in some.images[1:]:
            yield Pair(some.images[0].id, other.id, EXACT)
    for (a, b), signals in matches.items():
        yield Pair(copies[a].images[0].id, copies[b].images[0].id, signals)


def _answers(ctx: Context, scan: Scan, matches: Matches, copies: dict[int, Copies]) -> list[tuple[str, Signals]]:
    """Every image that matches the one searched for."""
    equal = _equal_to_query(ctx, scan)
    return [
        (image.id, EXACT if row in equal else matches[QUERY, row])
        for row, some in copies.items()
        if row in equal or (QUERY, row) in matches
        for image in some.images
    ]


def _unreadable(ctx: Context, scan: Scan) -> list[Unreadable]:
    rows = tables.read(ctx, scan.id, "unreadable").to_pylist()
    return [Unreadable(row["library"], row["path"], row["code"], row["reason"]) for row in rows]
