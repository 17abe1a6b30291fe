"""Where a network's weights come from: a file that was given, one downloaded before, or Keras's own download.

Invariants: weights are never random; a file is used only after Keras has verified its checksum; one process a
data folder downloads, the others wait for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.domain.errors import InvalidRequest, Unavailable
from shared.domain.scan import DEFAULT_MODEL
from shared.domain.weights import BYTES
from shared.layout import WEIGHTS_MARKER, downloaded_weights
from workers.vision.networks import KERAS_FILE

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here, and all that are expected where that is known."""

_EXPECTED = {DEFAULT_MODEL: BYTES}
_POLL_S = 0.5


def weights_present(model: str, weights: Path | None, downloads: Path) -> bool:
    """Whether a network can be had without a download. Loads no Keras."""
    if model.endswith(KERAS_FILE):
        return Path(model).is_file()
    if weights is not None:
        return weights.is_file()
    return downloaded_weights(downloads / model) is not None


def find_weights(model: str, weights: Path | None, downloads: Path, progress: Progress | None) -> Path:
    """The file with the weights of a network of keras.applications.

    Raises:
        InvalidRequest: the file that was given is not there.
        Unavailable: code ``weights_missing``: there is none, and it could not be downloaded.
    """
    if weights is not None:
        if not weights.is_file():
            raise InvalidRequest(f"There is no file with weights at {weights}.", code="weights_not_found")
        return weights
    folder = downloads / model
    return downloaded_weights(folder) or _download(model, folder, progress)


def digest_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(model: str, folder: Path, progress: Progress | None) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, lambda: _report(model, folder, progress)):
            return downloaded_weights(folder) or _fetch(model, folder, progress)
    except OSError as error:
        raise _missing(model, str(error)) from error


@contextmanager
def _alone(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock on a folder; ``waiting`` is called while another process has it."""
    with (folder / "lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting()
                time.sleep(_POLL_S)
        yield


def _fetch(model: str, folder: Path, progress: Progress | None) -> Path:
    """Let Keras download and verify, in a process of its own: it reads its folder's name only when it is imported."""
    command = f"from workers.vision.embed import fetch; fetch({model!r})"
    modules = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    environment = os.environ | {"KERAS_HOME": str(folder), "PYTHONPATH": modules}
    with (folder / "log").open("w+b") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, env=environment,
        )  # fmt: skip
        try:
            while process.poll() is None:
                _report(model, folder, progress)
                time.sleep(_POLL_S)
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    files = [path for path in (folder / "models").glob("*.h5") if path.is_file()]
    if process.returncode != 0 or len(files) != 1:
        raise _missing(model, _reason(lines[-1]) if lines else "no reason was given")
    (folder / WEIGHTS_MARKER).write_text(str(files[0].relative_to(folder)))
    return files[0]


def _reason(line: str) -> str:
    """What Keras says of a download that failed, without the address, which is no use to anybody."""
    return line.rpartition(" -- ")[2]


def _report(model: str, folder: Path, progress: Progress | None) -> None:
    if progress is not None:
        here = sum(path.stat().st_size for path in (folder / "models").glob("*.h5"))
        progress(here, _EXPECTED.get(model))


def _missing(model: str, reason: str) -> Unavailable:
    return Unavailable(
        f"The trained weights of {model} are not here and could not be downloaded ({reason}). Connect this machine "
        "to the network, or put the file somewhere and name it in LOOKALIKE_WEIGHTS, or choose the preset near, "
        "which needs no weights.",
        code="weights_missing",
    )
