"""The way it is usually written: each step opens the file again, one picture at a time.

Open in full and look at it, ``load_img`` to the network's size, ``model.predict`` of one picture, imagehash from the
file. Runs in a process of its own, since TensorFlow is loaded here.
"""

from __future__ import annotations

import time
from pathlib import Path


def images_per_s(weights: Path, libraries: list[list[Path]]) -> list[float]:
    """The rate of each of ``libraries`` with VGG16's fc1 in float32, after one picture to warm up."""
    import imagehash
    import keras
    from PIL import Image

    whole = keras.applications.VGG16(weights=None)
    whole.load_weights(weights)
    model = keras.Model(whole.input, whole.get_layer("fc1").output)

    def extract(path: Path) -> tuple[object, object]:
        with Image.open(path) as image:
            image.load()
        loaded = keras.utils.load_img(path, target_size=(224, 224))
        batch = keras.applications.vgg16.preprocess_input(keras.utils.img_to_array(loaded)[None])
        features = model.predict(batch, verbose=0)
        with Image.open(path) as image:
            return features, imagehash.phash(image)

    extract(libraries[0][0])
    return [_rate(extract, paths) for paths in libraries]


def _rate(extract: object, paths: list[Path]) -> float:
    begun = time.perf_counter()
    for path in paths:
        extract(path)  # type: ignore[operator]
    return len(paths) / (time.perf_counter() - begun)
