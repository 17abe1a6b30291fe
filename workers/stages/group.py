"""Group: from scores between contents to matches, groups and keepers of images; writes the result.

Where there are reference folders, a picture of theirs comes before all others, and a group holds one of them at most.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shared.context import Context
from shared.domain.alignment import flipped
from shared.domain.groups import Copy, Formed, form, listed, rank
from shared.domain.model import Facts, Image, Kind, Pair, Signals, Unreadable, image_id
from shared.domain.scan import Preset, ScanRequest
from shared.domain.similarity import single
from shared.store import libraries, results
from shared.store import scans as store
from shared.store.scans import Found, Scan
from workers import manifest, tables
from workers.stages.families import between, families
from workers.stages.flood import completed
from workers.stages.matches import Matches
from workers.stages.matches import matches as find_matches
from workers.stages.neighbours import Neighbours

EXACT = Signals.equal(Kind.EXACT)

Copies = Mapping[int, Sequence[tuple[Image, int]]]
"""The images that hold each content, by its row, best first; each with a number of the file that it is a name of."""


def group(ctx: Context, scan: Scan, unit: int) -> Found:
    """Write result.sqlite; sets the number of groups and matches."""
    found = find_matches(ctx, scan)
    copies = _copies(ctx, scan, found)
    if scan.request.upload is not None:
        answers = _answers(ctx, scan, found, copies)
        results.write(ctx.layout.result(scan.id), _result(ctx, scan, copies, matches=answers))
        return Found(set={"groups": 0, "matches": len(answers)})
    result, counting = grouped(ctx, scan, found, copies)
    results.write(ctx.layout.result(scan.id), result)
    exact = sum(len(some) - 1 for some in copies.values())
    return Found(set={"groups": len(result.groups), "matches": counting + exact})


def grouped(ctx: Context, scan: Scan, found: Matches, copies: Copies | None = None) -> tuple[results.Result, int]:
    """The result that these matches make, and how many of them reach the threshold."""
    copies = _copies(ctx, scan, found) if copies is None else copies
    shown = shown_threshold(scan.request)
    ranked = sorted(copies, key=lambda row: _place(scan.request, copies[row][0][0]))
    if not scan.request.proves:  # who proves has looked at every pair of a family
        found = completed(ctx, scan, found, ranked, shown)
    counting = found.taken(found.reach >= np.float32(shown))
    groups = _listed(_formed(scan.request, ranked, counting, copies), counting, copies)
    return _result(ctx, scan, copies, groups=groups, found=found, shown=shown), len(counting)


def shown_threshold(wanted: ScanRequest) -> float:
    """The threshold that a scan's groups are formed at; 0 for a preset without one."""
    return single(wanted.threshold) if wanted.preset is Preset.DEEP else 0.0


def _result(
    ctx: Context,
    scan: Scan,
    copies: Copies,
    groups: Sequence[results.Grouped] = (),
    found: Matches | None = None,
    shown: float = 0.0,
    matches: Sequence[tuple[str, Signals]] = (),
) -> results.Result:
    every = (one for some in copies.values() for one in some)
    ranked = sorted(every, key=lambda one: _place(scan.request, one[0]))
    return results.Result(
        total=tables.count(ctx, scan.id, tables.indexed(scan, "images")),
        images=(image for image, _ in ranked),
        omitted=() if found is None else _omitted(found, copies),
        groups=groups,
        pairs=() if found is None else _pairs(scan.request, found, copies),
        matches=matches,
        unreadable=_unreadable(ctx, scan),
        folders=_folders(ctx, scan) if scan.request.upload is None else {},
        files={image.id: file for image, file in ranked},
        shown=shown,
        floor=scan.floor if scan.request.preset is Preset.DEEP else 0.0,
    )


def _omitted(found: Matches, copies: Copies) -> Iterator[tuple[str, int, int]]:
    for row, percent, count in found.omitted.tolist():
        if row in copies:
            yield copies[row][0][0].id, percent, count


def _copies(ctx: Context, scan: Scan, found: Matches) -> Copies:
    """The images of every content that matches another or is held by several files."""
    name = tables.indexed(scan, "images")
    content = tables.read(ctx, scan.id, name, ["content"])["content"].to_numpy()
    listed = np.flatnonzero(np.isin(content, _rows(ctx, scan, found, content)))
    wanted = tables.take(ctx, scan.id, name, listed)
    if "base" in store.fields(ctx.redis, scan.id):
        wanted = wanted.filter(_there(ctx, wanted))
    seen = tables.take(ctx, scan.id, tables.indexed(scan, "contents"), wanted["content"].to_numpy())
    by_content: dict[int, list[tuple[Image, int]]] = defaultdict(list)
    files: dict[tuple[int, int], int] = {}
    for row, content in zip(wanted.to_pylist(), seen.to_pylist(), strict=True):
        file = files.setdefault((row["device"], row["inode"]), len(files))
        by_content[row["content"]].append((_image(row, content), file))
    return {content: _ranked(scan.request, some) for content, some in sorted(by_content.items())}


def _rows(ctx: Context, scan: Scan, found: Matches, content: NDArray[np.int64]) -> NDArray[np.int64]:
    """The contents to tell of; ``content`` is that of each image."""
    if scan.request.upload is not None:
        equal = np.array(sorted(_equal_to_query(ctx, scan)), np.int64)
        return np.concatenate([found.found["b"].astype(np.int64), equal])
    several = np.flatnonzero(np.bincount(content) > 1)
    parts = (found.found["a"], found.found["b"], found.omitted["row"], several)
    return np.concatenate([part.astype(np.int64) for part in parts])


def _there(ctx: Context, images: pa.Table) -> pa.Array:
    """Which of these are as the scan has seen them, that a search goes by."""
    root = cache(lambda library: libraries.get(ctx.redis, library).root)
    rows = images.select(["library", "path", "size", "mtime_ns"]).to_pylist()
    return pa.array([manifest.unchanged(root(row["library"]), row) for row in rows], pa.bool_())


def _ranked(wanted: ScanRequest, found: list[tuple[Image, int]]) -> list[tuple[Image, int]]:
    """Best first; of those in reference folders the best alone, since they are not compared with each other."""
    found.sort(key=lambda one: _place(wanted, one[0]))
    return found[:1] + [one for one in found[1:] if not wanted.is_reference(one[0].library, one[0].path)]


def _place(wanted: ScanRequest, image: Image) -> tuple[object, ...]:
    """Sorts what stays first: what lies in a reference folder, then the better copy."""
    return not wanted.is_reference(image.library, image.path), *rank(image)


def _equal_to_query(ctx: Context, scan: Scan) -> set[int]:
    query, contents = (
        tables.read(ctx, scan.id, tables.indexed(scan, name), ["digest"])["digest"] for name in ("query", "contents")
    )
    row = pc.index(contents, query[0]).as_py()
    return set() if row < 0 else {row}


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
        damaged=seen["damaged"],
        facts=Facts(seen["taken"], seen["camera"], seen["quality"], seen["tags"]),
    )


def _formed(wanted: ScanRequest, ranked: Sequence[int], counting: Matches, copies: Copies) -> list[Formed[int]]:
    """The groups of contents, most bytes freed first."""
    held = {row: [Copy(image.id, file, image.size) for image, file in some] for row, some in copies.items()}
    if wanted.proves:
        return listed(families(ranked, *_judged(wanted, counting, copies)), ranked, held)
    return form(ranked, Neighbours(counting.found["a"], counting.found["b"], counting.similarity, ranked), held)


def _judged(
    wanted: ScanRequest, counting: Matches, copies: Copies
) -> tuple[dict[tuple[int, int], Signals], dict[int, Image], set[int]]:
    """The signals of every match, the best image of each content, and which of these lie in reference folders."""
    best = {row: some[0][0] for row, some in copies.items()}
    theirs = {row for row, image in best.items() if wanted.is_reference(image.library, image.path)}
    return dict(zip(counting.pairs(), counting.signals(), strict=True)), best, theirs


def _listed(formed: Sequence[Formed[int]], counting: Matches, copies: Copies) -> list[results.Grouped]:
    """The images of every group, each with why it is in."""
    stars = [(min(one.keeper, row), max(one.keeper, row)) for one in formed for row in one.members]
    why = counting.between(stars)
    return [_images_of(one, why, copies) for one in formed]


def _images_of(formed: Formed[int], why: Mapping[tuple[int, int], Signals], copies: Copies) -> results.Grouped:
    (best, _), *equal = copies[formed.keeper]
    listed = [(image.id, EXACT) for image, _ in equal]
    for row in formed.members:
        signals = between(why, formed.keeper, row, best, copies[row][0][0])
        listed += [(image.id, signals) for image, _ in copies[row]]
    return best.id, listed, formed.freed


def _pairs(wanted: ScanRequest, found: Matches, copies: Copies) -> Iterator[Pair]:
    """Every match once, the better image first; byte-identical copies are paired with their first copy only."""
    for (best, _), *equal in copies.values():
        for other, _ in equal:
            yield Pair(best.id, other.id, EXACT)
    for (a, b), signals, reach in zip(found.pairs(), found.signals(), found.reach.tolist(), strict=True):
        one, other = copies[a][0][0], copies[b][0][0]
        if _place(wanted, one) > _place(wanted, other):
            one, other, signals = other, one, flipped(signals, one, other)
        yield Pair(one.id, other.id, signals, reach)


def _answers(ctx: Context, scan: Scan, found: Matches, copies: Copies) -> list[tuple[str, Signals]]:
    """Every image that matches the one searched for."""
    equal = _equal_to_query(ctx, scan)
    matching = dict(zip(found.found["b"].tolist(), found.signals(), strict=True))
    return [
        (image.id, EXACT if row in equal else matching[row])
        for row, some in copies.items()
        if row in equal or row in matching
        for image, _ in some
    ]


def _folders(ctx: Context, scan: Scan) -> Counter[tuple[str, bytes]]:
    """Readable images directly in each folder."""
    places = tables.read(ctx, scan.id, tables.indexed(scan, "images"), ["library", "path"])
    libraries, paths = places["library"].to_pylist(), places["path"].to_pylist()
    return Counter((library, path.rpartition(b"/")[0]) for library, path in zip(libraries, paths, strict=True))


def _unreadable(ctx: Context, scan: Scan) -> list[Unreadable]:
    rows = tables.read(ctx, scan.id, "unreadable").to_pylist()
    return [Unreadable(row["library"], row["path"], row["code"], row["reason"]) for row in rows]
