"""Deep features: pixels to unit vectors. The only module that imports Keras, on first use.

Keras alone is called, no TensorFlow function, so that its other backends serve as well. Invariants: weights are
never random; every batch has one shape, padded where it must be, so that a repeat gives the same bits; a vector
has length 1, or 0 where the network said nothing.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.domain.errors import InvalidRequest, ScanFailed
from workers.vision import batching
from workers.vision.networks import KERAS_FILE, LAYERS, check_model, preprocessing_of
from workers.vision.resize import NetworkInput, resize_policy
from workers.vision.weights import Progress, digest_file, find_weights, weights_present

__all__ = ["Embedder", "Progress", "resolve_precision", "weights_present"]

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
_USUAL_INPUT = (224, 224)


class Embedder:
    """A loaded network.

    Attributes:
        input_size: height and width of the pixels that it takes.
        dimension: length of a vector.
        space: name of the space in the feature store, a digest over all that decides what a vector is.
        precision: ``float32`` or ``bfloat16``, what the network computes in.
        batch_size: pictures it sees at once.

    Several threads may use one: they take turns.
    """

    def __init__(
        self,
        model: str,
        weights: Path | None,
        preprocessing: str,
        precision: str,
        batch_size: int | None,
        downloads: Path,
        progress: Progress | None = None,
    ) -> None:
        """Load a network: a name of keras.applications (VGG16 gives its layer fc1) or the path of a .keras file.

        ``batch_size`` None is found by a trial, whose result is kept in ``downloads`` (see workers.vision.batching).

        Raises:
            InvalidRequest: the model, its weights or its preprocessing cannot be used.
            Unavailable: code ``weights_missing``.
        """
        check_model(model)
        self.precision = resolve_precision(precision)
        self._alone = Lock()
        if model.endswith(KERAS_FILE):
            source = Path(model)
            self._network = _load_file(source, self.precision)
        else:
            source = find_weights(model, weights, downloads, progress)
            self._network = _load_application(model, source, self.precision)
        self._network.jit_compile = False  # XLA takes seconds to compile and ran slower on every CPU tried
        self._preprocessing = preprocessing_of(model, preprocessing, self._network.name)
        self.input_size = _input_size(self._network)
        self.dimension = math.prod(int(side) for side in self._network.output_shape[1:])
        name = "file" if model.endswith(KERAS_FILE) else model
        decisive = [
            *(name, digest_file(source), LAYERS.get(model), self._preprocessing, resize_policy(self.input_size)),
            *(self.precision, *self.input_size),
        ]
        self.batch_size = batch_size or self._settled_batch_size(downloads / "batch-sizes" / _key(decisive))
        self.space = f"deep-{name.lower()}-{_key([*decisive, self.batch_size])}"

    def _settled_batch_size(self, note: Path) -> int:
        sizes = batching.candidates(has_gpu(), _activations(self._network))
        return batching.settled(note, lambda: batching.choose(sizes, self._rate))

    def _rate(self, size: int) -> float:
        """Pictures a second in batches of ``size``."""
        batch = np.zeros((size, *self.input_size, 3), np.float32)
        self._network.predict_on_batch(batch)  # the first of a shape is slow
        begun = time.perf_counter()
        self._network.predict_on_batch(batch)
        return size / (time.perf_counter() - begun)

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of pictures: uint8 sRGB (n, height, width, 3) to float32 (n, dimension), rows of length 1 or 0.

        Raises:
            ScanFailed: the network gave values that are not finite.
        """
        found = np.empty((len(pixels), self.dimension), np.float32)
        for start in range(0, len(pixels), self.batch_size):
            batch = pixels[start : start + self.batch_size]
            found[start : start + len(batch)] = self._features(batch)
        if not np.isfinite(found).all():
            raise ScanFailed(
                f"The network gave values that are not finite in {self.precision}. Its weights are damaged, or it "
                "needs LOOKALIKE_PRECISION=float32.",
                code="not_finite",
            )
        return _unit(found)

    def _features(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        padded = np.zeros((self.batch_size, *self.input_size, 3), np.float32)
        padded[: len(batch)] = batch
        prepared = _preprocess(padded, self._preprocessing)
        with self._alone:
            output = self._network.predict_on_batch(prepared)
        return np.asarray(output, np.float32).reshape(self.batch_size, -1)[: len(batch)]


def resolve_precision(wanted: str) -> str:
    """``float32`` or ``bfloat16``; ``auto`` is bfloat16 where that is fast: in the processor, or on a GPU."""
    if wanted != "auto":
        return wanted
    return "bfloat16" if _multiplies_bfloat16() or has_gpu() else "float32"


def has_gpu() -> bool:
    """Whether Keras sees a GPU."""
    return bool(_keras().distribution.list_devices("gpu"))


def fetch(model: str) -> None:
    """Download and verify the trained weights into the folder that KERAS_HOME names. For workers.vision.weights."""
    socket.setdefaulttimeout(20)  # a dead network is noticed; this process does nothing else
    _application(model, "imagenet")


def _multiplies_bfloat16() -> bool:
    """Whether the processor does: with AMX some six times as fast as float32, with AVX-512 BF16 twice (measured)."""
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


@cache
def _keras() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets at length
    import keras

    return keras


@contextmanager
def _policy(precision: str) -> Iterator[None]:
    """Layers made inside compute in this precision."""
    config = _keras().config
    before = config.dtype_policy()
    config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        config.set_dtype_policy(before)


def _application(model: str, weights: str | None) -> Any:
    build = getattr(_keras().applications, model)
    if model in LAYERS:
        return build(weights=weights)
    return build(weights=weights, include_top=False, pooling="avg", input_shape=(*_own_input(model), 3))


@cache
def _own_input(model: str) -> NetworkInput:
    """The input that a network was trained on."""
    sizes = {"InceptionV3": 299, "InceptionResNetV2": 299, "Xception": 299, "NASNetLarge": 331}
    return (sizes[model], sizes[model]) if model in sizes else _USUAL_INPUT


def _load_application(model: str, weights: Path, precision: str) -> Any:
    keras = _keras()
    with _policy(precision), keras.utils.custom_object_scope({"glorot_uniform": _missing}):  # random ones take a GiB
        network = _application(model, None)
        if model in LAYERS:
            network = keras.Model(network.input, network.get_layer(LAYERS[model]).output, name=network.name)
    for variable in network.weights:  # so that one that the file lacks is noticed
        if not _is_missing(variable):
            variable.assign(keras.ops.full(variable.shape, math.nan, dtype="float32"))
    legacy = not weights.name.endswith(".weights.h5")
    try:
        with warnings.catch_warnings(action="ignore"):  # of weights that stay as they were: looked for below
            network.load_weights(weights, **({"by_name": True} if legacy and model in LAYERS else {}))
    except Exception as error:  # Keras and h5py raise nearly anything on files that do not fit
        raise _unfit(model, weights, str(error)) from error
    missing = [variable.path for variable in network.weights if _is_missing(variable)]
    if missing:
        raise _unfit(model, weights, f"it has no {', '.join(missing[:3])}")
    return network


def _missing(shape: Any, dtype: Any = None) -> Any:
    """An initializer: no weights at all, in place of random ones."""
    return _keras().ops.full(shape, math.nan, dtype=dtype)


def _is_missing(variable: Any) -> bool:
    return bool(np.isnan(np.asarray(variable.value).flat[0]))


def _unfit(model: str, weights: Path, reason: str) -> InvalidRequest:
    first = reason.strip().splitlines()[0] if reason.strip() else "unknown"
    return InvalidRequest(
        f"The file {weights} does not hold weights of {model}: {first}. Give a .weights.h5 or .h5 file that Keras "
        "saved of this network.",
        code="unfit_weights",
    )


def _load_file(path: Path, precision: str) -> Any:
    """A saved model, in safe mode, that computes in ``precision``: the global policy alone would leave it as it was."""
    if not path.is_file():
        raise InvalidRequest(f"There is no model at {path}.", code="model_not_found")
    keras = _keras()
    try:
        saved = keras.saving.load_model(path, compile=False, safe_mode=True)
        network = keras.models.clone_model(saved, clone_function=lambda layer: _recast(layer, precision))
        network.set_weights(saved.get_weights())
    except Exception as error:  # Keras raises nearly anything on files that it did not write, or will not trust
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InvalidRequest(f"The model {path} cannot be loaded: {reason}", code="unusable_model") from error
    wrong = [layer.name for layer in _layers(network) if layer.weights and layer.compute_dtype != precision]
    if wrong:
        raise InvalidRequest(
            f"The model {path} cannot compute in {precision} (layer {wrong[0]}). Set LOOKALIKE_PRECISION.",
            code="unusable_model",
        )
    return network


def _recast(layer: Any, precision: str) -> Any:
    if hasattr(layer, "layers"):  # a model within the model
        clone = _keras().models.clone_model(layer, clone_function=lambda inner: _recast(inner, precision))
        clone.set_weights(layer.get_weights())
        return clone
    return type(layer).from_config({**layer.get_config(), "dtype": _POLICIES[precision]})


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield from _layers(layer) if hasattr(layer, "layers") else (layer,)


def _key(decisive: list[Any]) -> str:
    text = json.dumps(decisive).encode()
    return hashlib.blake2b(text, digest_size=10, person=b"lookalike-net-v1").hexdigest()


def _activations(network: Any) -> int:
    """Bytes that the largest layer's input and output take, for one picture."""
    sizes = [math.prod(int(side or _USUAL_INPUT[0]) for side in layer.output.shape[1:]) for layer in network.layers]
    return 2 * max(sizes) * np.dtype(np.float32).itemsize


def _input_size(network: Any) -> NetworkInput:
    shape = network.input_shape
    if not (isinstance(shape, tuple) and len(shape) == 4 and shape[3] == 3) or isinstance(network.output_shape, list):
        raise InvalidRequest(
            f"The network {network.name!r} takes {shape}, not one picture of height, width and 3 colours.",
            code="unusable_model",
        )
    return (int(shape[1] or _USUAL_INPUT[0]), int(shape[2] or _USUAL_INPUT[1]))


def _preprocess(pixels: NDArray[np.float32], mode: str) -> NDArray[np.float32]:
    if mode == "none":
        return pixels
    prepared = _keras().applications.imagenet_utils.preprocess_input(pixels, data_format="channels_last", mode=mode)
    return np.asarray(prepared, np.float32)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
