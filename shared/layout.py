"""The data folder: where everything that is kept lies. Each store folder carries its version.

format               the number of the form of all this (see shared.data_format)
redis/v1/            the embedded Redis's append-only files
scans/v1/<scan>/     plan-…/files.parquet, chunks/<n>.parquet, contents.parquet, images.parquet, result.sqlite
features/v1/<space>/ immutable segments of features (see workers.features)
comparison/v1/       blocks of contents and their size, how they are projected, the scores of pairs (see workers.cover)
thumbnails/v1/ab/    <content digest>-<size>.webp
journal/v1/          <batch>.jsonl, what was moved (see workers.files)
plans/v1/            <plan>.sqlite, what is to move by a plan (see shared.store.plan_file)
uploads/v1/          images sent for a search, removed when it ends
weights/v1/          downloaded weights, and whether somebody wanted them (answer)
access/v1/           the key that signs the cookies of browsers
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

THUMBNAIL_SIZES = (320, 1280)


WEIGHTS_MARKER = "complete"
"""In the folder of a downloaded network: holds the name of its file, written when that has been verified."""


def downloaded_weights(folder: Path) -> Path | None:
    """The verified weights in ``folder`` (``Layout.weights / model``), None where there are none."""
    try:
        found = folder / (folder / WEIGHTS_MARKER).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found if found.is_file() else None


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths inside the data folder ``root``. Nothing is created by asking for a path."""

    root: Path

    @property
    def redis(self) -> Path:
        return self.root / "redis" / "v1"

    def scan(self, scan_id: str) -> Path:
        return self.root / "scans" / "v1" / scan_id

    def result(self, scan_id: str) -> Path:
        return self.scan(scan_id) / "result.sqlite"

    def provisional(self, scan_id: str) -> Path:
        """The groups that a scan has found so far, while it compares."""
        return self.scan(scan_id) / "provisional.sqlite"

    @property
    def features(self) -> Path:
        return self.root / "features" / "v1"

    @property
    def comparison(self) -> Path:
        return self.root / "comparison" / "v1"

    def manifest(self, library_id: str) -> Path:
        return self.root / "libraries" / "v1" / f"{library_id}.parquet"

    def thumbnail(self, digest: str, size: int) -> Path:
        """``digest`` is a content's SHA-256 in hexadecimal, ``size`` one of THUMBNAIL_SIZES (longest side)."""
        return self.root / "thumbnails" / "v1" / digest[:2] / f"{digest}-{size}.webp"

    @property
    def journal(self) -> Path:
        return self.root / "journal" / "v1"

    @property
    def plans(self) -> Path:
        return self.root / "plans" / "v1"

    def plan(self, plan_id: str) -> Path:
        return self.plans / f"{plan_id}.sqlite"

    @property
    def uploads(self) -> Path:
        return self.root / "uploads" / "v1"

    def upload(self, upload_id: str) -> Path:
        return self.uploads / upload_id

    @property
    def weights(self) -> Path:
        return self.root / "weights" / "v1"

    @property
    def weights_answer(self) -> Path:
        """There once somebody has said whether the weights are to be downloaded."""
        return self.weights / "answer"

    @property
    def session_key(self) -> Path:
        return self.root / "access" / "v1" / "session-key"
