"""What a worker process keeps between tasks: its decoder processes, and one network.

Tasks of an extraction worker run in threads: while one has its features computed, the next has its files read.
Invariant: one pool of decoders and one network a process; another network takes the place of the former.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from shared.context import Context
from shared.domain.scan import ScanRequest
from shared.settings import Settings
from shared.store import libraries
from workers.vision.networks import KERAS_FILE
from workers.vision.pool import DecoderPool
from workers.vision.reading import Job
from workers.vision.weights import Progress, find_weights, weights_present

if TYPE_CHECKING:
    from workers.vision.embed import Embedder

_pool: DecoderPool | None = None
_network: tuple[tuple[object, ...], Embedder] | None = None
_changing = Lock()
_loading = Lock()


def decoders(ctx: Context) -> DecoderPool:
    """The pool of this process."""
    global _pool
    with _changing:
        if _pool is None:
            _pool = DecoderPool(ctx.settings)
        return _pool


def close() -> None:
    """End the decoder processes."""
    global _pool
    with _changing:
        if _pool is not None:
            _pool.close()
            _pool = None


atexit.register(close)


def jobs(ctx: Context, files: Iterable[tuple[int, str, bytes]]) -> list[Job]:
    """Files to read, given as (number, library, path); an empty library means an upload."""
    root = cache(lambda library: libraries.get(ctx.redis, library).root if library else bytes(ctx.layout.uploads))
    return [Job(number, root(library), path) for number, library, path in files]


def embedder(ctx: Context, wanted: ScanRequest, precision: str, batch_size: int | None) -> Embedder:
    """The network that a scan asks for; loaded on first use and kept until another is asked for.

    ``batch_size`` None leaves it to the network; see workers.vision.embed.

    Raises:
        Unavailable: its weights are not here and cannot be had.
        InvalidRequest: the model or its weights cannot be used.
    """
    global _network
    from workers.vision.embed import Embedder  # Keras takes seconds to import, and hash presets need none of it

    asked = (wanted.model, _weights(ctx, wanted), wanted.preprocessing, precision)
    with _loading:
        if _network is None or _network[0] != asked or batch_size not in (None, _network[1].batch_size):
            _network = None  # two at once take too much memory
            _network = asked, Embedder(*asked, batch_size, ctx.layout.weights)
        return _network[1]


def fetch_weights(ctx: Context, wanted: ScanRequest, progress: Progress) -> None:
    """Find or download the weights of the network that a scan asks for, without loading it. Raises as embedder."""
    if not wanted.model.endswith(KERAS_FILE):
        find_weights(wanted.model, _weights(ctx, wanted), ctx.layout.weights, progress)


def weights_here(ctx: Context, wanted: ScanRequest) -> bool:
    """Whether the network that a scan asks for can be had without a download, Keras included."""
    keras = find_spec("keras") is not None
    return keras and weights_present(wanted.model, _weights(ctx, wanted), ctx.layout.weights)


def _weights(ctx: Context, wanted: ScanRequest) -> Path | None:
    return Path(wanted.weights) if wanted.weights is not None else ctx.settings.weights


def own_precision(settings: Settings) -> str:
    """What ``auto`` means on this machine."""
    from workers.vision.embed import resolve_precision

    return resolve_precision(settings.precision)
