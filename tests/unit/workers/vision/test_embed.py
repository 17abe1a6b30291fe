"""Deep features equal a direct Keras call, in every supported way to name a network; nothing runs untrained."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from shared.domain.errors import InvalidRequest, ScanFailed
from workers.vision.decode import decode
from workers.vision.embed import Embedder, _preprocess, resolve_precision, weights_present
from workers.vision.networks import PREPROCESSING

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's own

FILE = "weights/mobilenet_v2_1.0_224_keras_notop_avgpool.keras"
WEIGHTS = "weights/mobilenet_v2_1.0_224_keras_notop.weights.h5"


def pictures(count: int, side: int = 224) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3)).astype(np.uint8)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_vgg16_gives_the_same_fc1_as_a_direct_keras_call(keras: Any, vgg16_weights: Path, tmp_path: Path) -> None:
    direct = keras.applications.VGG16(weights=None, classes=3)
    direct.load_weights(vgg16_weights)
    fc1 = keras.Model(direct.input, direct.get_layer("fc1").output)
    pixels = pictures(3)
    prepared = keras.applications.vgg16.preprocess_input(pixels.astype(np.float32))
    expected = unit(np.asarray(fc1.predict(prepared, verbose=0)))
    network = Embedder("VGG16", vgg16_weights, "auto", "float32", 2, tmp_path)
    assert (network.dimension, network.input_size) == (4096, (224, 224))
    features = network.embed(pixels)
    assert features.shape == (3, 4096)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, atol=1e-5)

    legacy = tmp_path / "legacy.h5"
    weights = {layer.name: [np.asarray(v) for v in layer.get_weights()] for layer in direct.layers}
    save_legacy(legacy, weights)
    assert np.array_equal(Embedder("VGG16", legacy, "auto", "float32", 2, tmp_path).embed(pixels), features)


def save_legacy(path: Path, weights: dict[str, list[np.ndarray]]) -> None:
    """Write Keras 2's layout, which the files that Keras downloads have."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.encode() for layer in weights]
        file.attrs["keras_version"], file.attrs["backend"] = b"2.1.0", b"tensorflow"
        for layer, arrays in weights.items():
            group = file.create_group(layer)
            names = [f"{layer}/{name}:0" for name in ("kernel", "bias")[: len(arrays)]]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, array in zip(names, arrays, strict=True):
                group.create_dataset(name, data=array)


def test_weights_that_do_not_fit_are_refused(keras: Any, tmp_path: Path, shared_data: Path) -> None:
    legacy = tmp_path / "wrong.h5"
    layers = {"block1_conv1": (3, 3, 3, 64), "fc1": (8, 4096)}
    save_legacy(legacy, {name: [np.zeros(s, np.float32), np.zeros(s[-1], np.float32)] for name, s in layers.items()})
    partial = tmp_path / "partial.h5"
    save_legacy(partial, {"block1_conv1": [np.zeros((3, 3, 3, 64), np.float32), np.zeros(64, np.float32)]})
    text = tmp_path / "text.weights.h5"
    text.write_text("no weights")
    for model, path in (("VGG16", legacy), ("VGG16", partial), ("VGG16", text), ("MobileNet", shared_data / WEIGHTS)):
        with pytest.raises(InvalidRequest) as caught:
            Embedder(model, path, "auto", "float32", 2, tmp_path)
        assert caught.value.code == "unfit_weights"
        assert str(path) in caught.value.message
    with pytest.raises(InvalidRequest) as caught:
        Embedder("VGG16", tmp_path / "none.h5", "auto", "float32", 2, tmp_path)
    assert caught.value.code == "weights_not_found"


def test_without_weights_and_network_it_fails_soon_and_says_what_to_do(tmp_path: Path) -> None:
    """A closed proxy on loopback stands for a network that is not there."""
    program = f"""
import sys
from pathlib import Path
from shared.domain.errors import Unavailable
from workers.vision.embed import Embedder
seen = []
try:
    Embedder("VGG16", None, "auto", "float32", 2, Path({str(tmp_path)!r}), lambda *bytes: seen.append(bytes))
except Unavailable as error:
    print(error.code, bool(seen), error.message)
"""
    begun = time.monotonic()
    proxies = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    said = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | proxies, capture_output=True, text=True, check=False
    )
    assert said.stdout.startswith("weights_missing True"), said.stderr
    assert "LOOKALIKE_WEIGHTS" in said.stdout
    assert "near" in said.stdout
    assert time.monotonic() - begun < 60
    assert not weights_present("VGG16", None, tmp_path)


def test_presence_of_weights_is_known_without_keras(tmp_path: Path) -> None:
    (tmp_path / "weights.h5").touch()
    program = f"""
import sys
from pathlib import Path
from workers.vision.embed import weights_present
folder = Path({str(tmp_path)!r})
print(weights_present("VGG16", folder / "weights.h5", folder), weights_present("VGG16", None, folder),
      weights_present(str(folder / "none.keras"), None, folder), "keras" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["True", "False", "False", "False"]


def test_a_finished_download_is_used_again(keras: Any, tmp_path: Path, shared_data: Path) -> None:
    """As a download leaves it: the file that Keras verified, and the note that it did."""
    folder = tmp_path / "MobileNetV2"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "got.weights.h5").symlink_to(shared_data / WEIGHTS)
    assert not weights_present("MobileNetV2", None, tmp_path)
    (folder / "complete").write_text("models/got.weights.h5")
    assert weights_present("MobileNetV2", None, tmp_path)
    got = Embedder("MobileNetV2", None, "auto", "float32", 4, tmp_path)
    given = Embedder("MobileNetV2", shared_data / WEIGHTS, "auto", "float32", 4, tmp_path)
    assert got.space == given.space
    assert np.array_equal(got.embed(pictures(2)), given.embed(pictures(2)))


@pytest.fixture(scope="session")
def mobilenet(keras: Any, shared_data: Path) -> Embedder:
    return Embedder(str(shared_data / FILE), None, "auto", "float32", 4, Path("unused"))


def test_a_keras_file_gives_what_keras_gives(keras: Any, mobilenet: Embedder, shared_data: Path) -> None:
    saved = keras.saving.load_model(shared_data / FILE, compile=False)
    pixels = pictures(5)
    expected = unit(np.asarray(saved.predict(pixels.astype(np.float32) / 127.5 - 1, verbose=0)))
    assert (mobilenet.dimension, mobilenet.input_size) == (1280, (224, 224))
    np.testing.assert_allclose(mobilenet.embed(pixels), expected, atol=2e-5)


def test_a_repeat_gives_the_same_bits_whatever_else_is_in_the_batch(mobilenet: Embedder) -> None:
    pixels = pictures(9)
    features = mobilenet.embed(pixels)
    assert np.array_equal(features, mobilenet.embed(pixels))
    assert np.array_equal(features[6:], mobilenet.embed(pixels[6:]))
    assert np.abs(np.linalg.norm(features, axis=1) - 1).max() < 1e-6
    assert mobilenet.embed(pixels[:0]).shape == (0, 1280)


def test_bfloat16_is_really_computed_in_and_has_its_own_space(mobilenet: Embedder, shared_data: Path) -> None:
    network = Embedder(str(shared_data / FILE), None, "auto", "bfloat16", 4, Path("unused"))
    assert {layer.compute_dtype for layer in network._network.layers if layer.weights} == {"bfloat16"}
    exact, rounded = mobilenet.embed(pictures(4)), network.embed(pictures(4))
    assert not np.array_equal(exact, rounded)
    assert (exact * rounded).sum(axis=1).min() > 0.99
    assert network.space != mobilenet.space


def test_the_space_depends_on_all_that_decides_a_vector(mobilenet: Embedder, shared_data: Path) -> None:
    path = str(shared_data / FILE)
    same = Embedder(path, None, "auto", "float32", 4, Path("elsewhere"))
    other_batch = Embedder(path, None, "auto", "float32", 8, Path("unused"))
    other_pixels = Embedder(path, None, "torch", "float32", 4, Path("unused"))
    assert same.space == mobilenet.space
    assert len({mobilenet.space, other_batch.space, other_pixels.space}) == 3


def _saved(keras: Any, folder: Path, name: str, *layers: Any) -> str:
    inputs = keras.Input((8, 8, 3))
    outputs = inputs
    for layer in layers:
        outputs = layer(outputs)
    path = folder / f"{name}.keras"
    keras.Model(inputs, outputs, name=name).save(path)
    return str(path)


def test_a_file_of_unknown_name_needs_its_preprocessing(keras: Any, tmp_path: Path) -> None:
    path = _saved(keras, tmp_path, "mine", keras.layers.Conv2D(2, 3))
    with pytest.raises(InvalidRequest) as caught:
        Embedder(path, None, "auto", "float32", 2, tmp_path)
    assert caught.value.code == "preprocessing_needed"
    network = Embedder(path, None, "none", "float32", 2, tmp_path)
    assert network.dimension == 6 * 6 * 2  # flattened
    assert network.embed(pictures(3, 8)).shape == (3, 72)


def test_a_model_within_a_model_is_cast_too(keras: Any, tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)])
    path = _saved(keras, tmp_path, "outer", inner, keras.layers.Flatten(), keras.layers.Dense(5))
    exact = Embedder(path, None, "tf", "float32", 2, tmp_path).embed(pictures(2, 8))
    rounded = Embedder(path, None, "tf", "bfloat16", 2, tmp_path).embed(pictures(2, 8))
    assert not np.array_equal(exact, rounded)
    assert (exact * rounded).sum(axis=1).min() > 0.99


def test_code_in_a_keras_file_is_not_run(keras: Any, tmp_path: Path) -> None:
    path = _saved(keras, tmp_path, "evil", keras.layers.Lambda(lambda x: x))
    with pytest.raises(InvalidRequest) as caught:
        Embedder(path, None, "none", "float32", 2, tmp_path)
    assert caught.value.code == "unusable_model"


def test_files_that_are_no_models_are_refused(keras: Any, tmp_path: Path) -> None:
    (tmp_path / "text.keras").write_text("no model")
    for name, code in (("text.keras", "unusable_model"), ("none.keras", "model_not_found")):
        with pytest.raises(InvalidRequest) as caught:
            Embedder(str(tmp_path / name), None, "none", "float32", 2, tmp_path)
        assert caught.value.code == code


def test_a_zero_vector_stays_zero_and_values_that_are_not_finite_are_an_error(keras: Any, tmp_path: Path) -> None:
    silent = _saved(
        keras, tmp_path, "silent", keras.layers.Flatten(), keras.layers.Dense(3, kernel_initializer="zeros")
    )
    assert not Embedder(silent, None, "none", "float32", 2, tmp_path).embed(pictures(2, 8)).any()
    huge = keras.initializers.Constant(math.inf)
    broken = _saved(keras, tmp_path, "broken", keras.layers.Flatten(), keras.layers.Dense(3, kernel_initializer=huge))
    with pytest.raises(ScanFailed) as caught:
        Embedder(broken, None, "none", "float32", 2, tmp_path).embed(pictures(2, 8))
    assert caught.value.code == "not_finite"


def test_every_network_of_keras_is_prepared_for_as_keras_does(keras: Any) -> None:
    applications = keras.applications
    classes = {name for name in dir(applications) if callable(getattr(applications, name)) and name[0].isupper()}
    assert set(PREPROCESSING) == classes
    modules = {getattr(applications, name).__module__.rsplit(".", 1)[-1]: name for name in sorted(PREPROCESSING)}
    pixels = pictures(1, 8).astype(np.float32)
    for module, name in modules.items():
        theirs = getattr(applications, module).preprocess_input(pixels.copy(), data_format="channels_last")
        np.testing.assert_allclose(_preprocess(pixels.copy(), PREPROCESSING[name]), theirs, atol=1e-4, err_msg=name)


def test_precision_is_resolved() -> None:
    assert resolve_precision("float32") == "float32"
    assert resolve_precision("bfloat16") == "bfloat16"
    assert resolve_precision("auto") in ("float32", "bfloat16")


def test_trained_features_match_edits_of_a_real_photo_and_not_other_photos(
    mobilenet: Embedder, shared_data: Path
) -> None:
    edits = sorted((shared_data / "edits/bridge-mods").glob("*.jpg"))
    others = sorted((shared_data / "imagededup/base_images").glob("*.jpg"))

    def features(paths: list[Path]) -> np.ndarray:
        read = [decode(path.read_bytes(), mobilenet.input_size, 10**8).pixels for path in paths]
        return mobilenet.embed(np.stack(read))  # type: ignore[arg-type]

    bridge, base = features(edits), features(others)
    assert len(bridge) == 12
    assert (bridge @ bridge[0] >= 0.9).sum() >= 10
    assert not [1 for a, b in combinations(base, 2) if a @ b >= 0.9]
    assert (base @ bridge[0]).max() < 0.9
