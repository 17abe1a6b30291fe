"""The networks of keras.applications, by name: how each wants its pixels.

No Keras here, so that a name can be checked without loading it. Invariant: every class of keras.applications is
listed, as a test holds against Keras itself.
"""

from __future__ import annotations

import re

from shared.domain.errors import InvalidRequest

PREPROCESSING: dict[str, str] = {
    name: mode
    for mode, names in {
        "caffe": "VGG16 VGG19 ResNet50 ResNet101 ResNet152",
        "tf": "ResNet50V2 ResNet101V2 ResNet152V2 InceptionV3 InceptionResNetV2 Xception "
        "MobileNet MobileNetV2 NASNetMobile NASNetLarge",
        "torch": "DenseNet121 DenseNet169 DenseNet201",
        "none": "ConvNeXtTiny ConvNeXtSmall ConvNeXtBase ConvNeXtLarge ConvNeXtXLarge "
        "EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 EfficientNetB5 EfficientNetB6 "
        "EfficientNetB7 EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2S "
        "EfficientNetV2M EfficientNetV2L MobileNetV3Small MobileNetV3Large",
    }.items()
    for name in names.split()
}
"""caffe: BGR less ImageNet's means; tf: -1 to 1; torch: 0 to 1, ImageNet's means and deviations;
none: 0 to 255, since the network scales by itself."""

LAYERS = {"VGG16": "fc1"}
"""The layer whose output is the feature; other networks give their last features, averaged over the picture."""

KERAS_FILE = ".keras"


def preprocessing_of(model: str, wanted: str, own_name: str) -> str:
    """How to prepare pixels for a network: as ``wanted``, or, for ``auto``, as its name says.

    ``model`` is what the person gave, ``own_name`` what the loaded network calls itself.

    Raises:
        InvalidRequest: ``auto``, and the name says nothing.
    """
    if wanted != "auto":
        return wanted
    if model in PREPROCESSING:
        return PREPROCESSING[model]
    named = _plain(own_name)
    matching = [name for name in PREPROCESSING if named.startswith(_plain(name))]
    if not matching:
        raise InvalidRequest(
            f"How to prepare pixels for the network {own_name!r} cannot be told from its name. "
            "Say so with --preprocessing caffe, tf, torch or none.",
            code="preprocessing_needed",
        )
    return PREPROCESSING[max(matching, key=len)]


def check_model(model: str) -> None:
    """Raises InvalidRequest where this is neither a network of keras.applications nor a .keras file."""
    if model not in PREPROCESSING and not model.endswith(KERAS_FILE):
        raise InvalidRequest(
            f"There is no network {model!r}. Name a file that ends in {KERAS_FILE}, or one of "
            f"{', '.join(sorted(PREPROCESSING))}.",
            code="unknown_model",
        )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
