"""Extract: each file is read once; its digest, hashes and features go into the feature store.

What the store knows is not computed again. The decoders run ahead while the network works. A torn file is listed with
those that could not be used, and used all the same where matches are proven.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shared.context import Context
from shared.domain.errors import ScanFailed, Unavailable
from shared.domain.scan import ScanRequest
from shared.domain.weights import loading
from shared.store import scans as store
from shared.store import weights
from shared.store.scans import Found, Scan
from workers import engine, metrics, spaces, tables
from workers.gone import check_there
from workers.known import Known
from workers.vision.reading import Decoded, Failure, Job, Reading
from workers.vision.unreadable import unreadable
from workers.vision.weights import Progress

if TYPE_CHECKING:
    from workers.vision.embed import Embedder

PIXELS = pa.schema(
    [
        ("digest", pa.binary(32)),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("format", pa.string()),
        ("frames", pa.int32()),
        ("phash", pa.uint64()),
    ]
)
FACTS = pa.schema(
    [
        ("digest", pa.binary(32)),
        ("taken", pa.string()),
        ("camera", pa.string()),
        ("quality", pa.int32()),
        ("tags", pa.int32()),
    ]
)
DEEP = pa.schema([("digest", pa.binary(32))])
DAMAGED = pa.schema([("digest", pa.binary(32)), ("format", pa.string())])
LOCAL = pa.schema([("digest", pa.binary(32)), ("turned", pa.binary(64))])

WITHOUT_NETWORK = "The network's weights are not here: this scan does without."
WITHOUT_DOWNLOAD = (
    "The network's weights could not be downloaded: this scan does without. The page where scans are started says why,"
    " and tries again."
)

_known = Known()


def prepare(ctx: Context, scan: Scan, unit: int) -> Found:
    """Find or download the network's weights, so that a scan that cannot have them fails at once.

    Fixes what must be the same for every worker of this scan: precision, batch size, and so the space.
    """

    def tell(here: int, expected: int | None) -> None:
        store.note(ctx.redis, scan.id, loading(here, expected))

    why_not = None if scan.request.embeds else _why_without(ctx, scan.request, tell)
    if why_not is not None:
        return Found(set={"without": why_not})
    engine.fetch_weights(ctx, scan.request, tell)
    precision = engine.own_precision(ctx.settings)
    loaded = engine.embedder(ctx, scan.request, precision, ctx.settings.batch_size)
    return Found(
        set={
            "precision": precision,
            "batch_size": loaded.batch_size,
            "pixels": spaces.pixels_name(loaded.input_size),
            "deep": loaded.space,
        }
    )


def _why_without(ctx: Context, wanted: ScanRequest, tell: Progress) -> str | None:
    """Why a scan that can do without the network does; None where it is here. A download under way is waited for."""
    if not engine.weights_here(ctx, wanted) and weights.under_way(ctx.redis, time.time()):
        try:
            engine.fetch_weights(ctx, wanted, tell)
        except Unavailable:
            return WITHOUT_DOWNLOAD
    return None if engine.weights_here(ctx, wanted) else WITHOUT_NETWORK


def extract_chunk(ctx: Context, scan: Scan, unit: int) -> Found:
    """Read the files of one chunk; writes their features to the store and chunks/<unit>.parquet."""
    fields = store.fields(ctx.redis, scan.id)
    rows = _chunk(ctx, scan, unit, fields)
    network = _network(ctx, scan, fields)
    jobs = engine.jobs(ctx, ((row["row"], row["library"], row["path"]) for row in rows))
    outcomes = list(_Reader(ctx, scan, network).read(jobs))
    failed = {o["row"]: o for o in outcomes if o["digest"] is None}
    check_there(ctx, scan, [(row["library"], failed[row["row"]]["code"]) for row in rows if row["row"] in failed])
    uploaded = [row["row"] for row in rows if row["library"] == ""]
    if any(row in failed for row in uploaded):
        raise ScanFailed(
            f"The uploaded image cannot be used: {failed[uploaded[0]]['reason']}", code="upload_unreadable"
        )
    faulty = sum(o["code"] is not None for o in outcomes if o["row"] not in uploaded)
    outcomes.sort(key=lambda outcome: int(outcome["row"]))
    tables.write(ctx, scan.id, f"chunks/{unit}", tables.from_rows(outcomes, tables.OUTCOMES))
    return Found(add={"images_done": len(rows) - len(uploaded), "unreadable": faulty})


def _chunk(ctx: Context, scan: Scan, unit: int, fields: dict[str, str]) -> list[dict[str, Any]]:
    size = int(fields["chunk_size"])
    part = tables.read_rows(ctx, scan.id, f"{fields['plan']}/files", range(unit * size, (unit + 1) * size)).to_pylist()
    return [row | {"row": unit * size + number} for number, row in enumerate(part)]


def _network(ctx: Context, scan: Scan, fields: dict[str, str]) -> Embedder | None:
    if scan.deep is None:
        return None
    network = engine.embedder(ctx, scan.request, fields["precision"], int(fields["batch_size"]))
    if network.space != scan.deep:
        raise ScanFailed(
            "This extraction worker has other weights than the one that began the scan. Give all workers the same"
            " LOOKALIKE_WEIGHTS, then scan again.",
            code="other_weights",
        )
    return network


class _Reader:
    """Reads files into the feature store, those of one chunk."""

    def __init__(self, ctx: Context, scan: Scan, network: Embedder | None) -> None:
        self._scan_id = scan.id
        self._network = network
        self._pixels = spaces.pixels(ctx, scan)
        self._facts = spaces.facts(ctx)
        self._deep = spaces.deep(ctx, scan)
        self._local = spaces.local(ctx, scan)
        self._damaged = spaces.damaged(ctx)
        self._spaces = spaces.needed(ctx, scan)
        self._decoders = engine.decoders(ctx)
        self._input = None if network is None else network.input_size
        self._seen: set[bytes] = set()

    def read(self, jobs: list[Job]) -> Iterator[dict[str, Any]]:
        """Outcomes (see tables.OUTCOMES) in the order in which files are done."""
        if len(jobs) == 1:  # decoded sooner than the decoders are told of all that is known
            for space in (*self._spaces, self._damaged):
                space.refresh()
            yield from self._pass(jobs, None)
            return
        known = _known.prefixes(self._scan_id, self._spaces)
        self._damaged.refresh()  # after the others: what is in them has been marked before
        unsure = yield from self._pass(jobs, known.path)
        if unsure:  # a digest that only looked known by its first eight bytes
            yield from self._pass(unsure, None)

    def _pass(self, jobs: list[Job], known: Path | None) -> Generator[dict[str, Any], None, list[Job]]:
        by_number = {job.number: job for job in jobs}
        unsure: list[Job] = []
        outcomes: list[dict[str, Any]] = []

        def fresh() -> Iterator[tuple[bytes, Decoded]]:
            for result in self._decoders.read(jobs, self._input, known, self._local is not None):
                if isinstance(result, Reading) and result.decoded is None and not self._stored(result.digest):
                    unsure.append(by_number[result.number])
                    continue
                metrics.read(result)
                outcomes.append(self._outcome(result))
                if isinstance(result, Reading) and result.decoded is not None and not self._stored(result.digest):
                    self._seen.add(result.digest)
                    yield result.digest, result.decoded

        self._keep(fresh())
        yield from outcomes
        return unsure

    def _outcome(self, result: Reading | Failure) -> dict[str, Any]:
        if isinstance(result, Failure):
            return _failed(result.number, result.code, result.reason)
        torn = self._torn(result)
        if torn is None:
            return _read(result)
        if self._local is None:  # who proves nothing would take the part for a picture
            error = unreadable("truncated", format=torn)
            return _failed(result.number, error.code, error.message)
        error = unreadable("damaged", format=torn)
        return _read(result) | {"code": error.code, "reason": error.message}

    def _torn(self, reading: Reading) -> str | None:
        """The format of a picture of which only a part could be decoded, now or when it was stored."""
        if reading.decoded is not None:
            return reading.decoded.format if reading.decoded.damaged else None
        at = self._damaged.find([reading.digest])
        return None if at[0] < 0 else str(self._damaged.take(at)["format"][0])

    def _stored(self, digest: bytes) -> bool:
        return digest in self._seen or all(space.find([digest])[0] >= 0 for space in self._spaces)

    def _keep(self, fresh: Iterable[tuple[bytes, Decoded]]) -> None:
        """Store what is new, in one segment a space; the network works on full batches while decoding goes on."""
        size = 64 if self._network is None else self._network.batch_size
        digests: list[bytes] = []
        seen: list[Decoded] = []
        vectors: list[npt.NDArray[np.float32]] = []
        stream = iter(fresh)
        while batch := list(islice(stream, size)):
            digests += [digest for digest, _ in batch]
            seen += [decoded for _, decoded in batch]
            if self._network is not None:
                vectors.append(self._network.embed(np.stack([_wanted(decoded.pixels) for _, decoded in batch])))
        if digests:
            self._append(digests, seen, vectors)

    def _append(self, digests: list[bytes], seen: list[Decoded], vectors: list[npt.NDArray[np.float32]]) -> None:
        torn = [{"digest": digest, "format": d.format} for digest, d in zip(digests, seen, strict=True) if d.damaged]
        if torn:  # first, so that no part is ever taken for a whole
            self._damaged.append(pa.Table.from_pylist(torn, schema=DAMAGED), None)
        if self._deep is not None:
            self._deep.append(pa.table({"digest": digests}, schema=DEEP), np.concatenate(vectors))
        if self._local is not None:
            turned = [_wanted(d.turned).astype("<u8").tobytes() for d in seen]
            table = pa.table({"digest": digests, "turned": turned}, schema=LOCAL)
            self._local.append(table, np.stack([_wanted(d.local) for d in seen]))
        facts = [{"digest": digest} | asdict(d.facts) for digest, d in zip(digests, seen, strict=True)]
        self._facts.append(pa.Table.from_pylist(facts, schema=FACTS), None)
        rows = [
            {"digest": digest, "width": d.width, "height": d.height, "format": d.format, "frames": d.frames,
             "phash": d.phash}
            for digest, d in zip(digests, seen, strict=True)
        ]  # fmt: skip
        self._pixels.append(pa.Table.from_pylist(rows, schema=PIXELS), np.stack([d.grey for d in seen]))


def _wanted(array: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    if array is None:
        raise ValueError("decoded without what was asked for")
    return array


def _failed(number: int, code: str, reason: str) -> dict[str, Any]:
    return {"row": number, "digest": None, "code": code, "reason": reason}


def _read(result: Reading) -> dict[str, Any]:
    return {
        "row": result.number,
        "digest": result.digest,
        "size": result.size,
        "mtime_ns": result.mtime_ns,
        "device": result.device,
        "inode": result.inode,
        "code": None,
    }
