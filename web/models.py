"""Which networks a page or a program may choose: Keras's own by name, and files in the data folder's weights.

Invariant: no path from outside reaches a worker; a file is known by its name among those that lie there.
"""

from __future__ import annotations

from shared.context import Context
from shared.domain.errors import InvalidRequest

NETWORKS = (
    "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtSmall", "ConvNeXtTiny", "ConvNeXtXLarge",
    "DenseNet121", "DenseNet169", "DenseNet201",
    "EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4", "EfficientNetB5",
    "EfficientNetB6", "EfficientNetB7", "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2",
    "EfficientNetV2B3", "EfficientNetV2L", "EfficientNetV2M", "EfficientNetV2S",
    "InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small",
    "NASNetLarge", "NASNetMobile", "ResNet101", "ResNet101V2", "ResNet152", "ResNet152V2", "ResNet50",
    "ResNet50V2", "VGG16", "VGG19", "Xception",
)  # fmt: skip
"""Names of keras.applications, which is too heavy to be imported here; a test holds them against it."""


def files(ctx: Context) -> list[str]:
    """Names of the ``.keras`` files in the data folder's ``weights/v1``."""
    return sorted(path.name for path in ctx.layout.weights.glob("*.keras"))


def model(ctx: Context, name: str) -> str:
    """What a scan's request calls the network ``name``. Raises InvalidRequest for any other name."""
    if name in NETWORKS:
        return name
    if name in files(ctx):
        return str(ctx.layout.weights / name)
    raise InvalidRequest(
        f"There is no network {name}. Choose a name of keras.applications, or the name of a .keras file in "
        "the data folder's weights/v1.",
        code="unknown_model",
    )


def weights(ctx: Context, name: str | None) -> str | None:
    """The path of a weights file by its name in the data folder's ``weights/v1``. Raises InvalidRequest."""
    if name is None:
        return None
    if name not in {path.name for path in ctx.layout.weights.glob("*.h5")}:
        raise InvalidRequest(f"There is no file {name} in the data folder's weights/v1.", code="unknown_weights")
    return str(ctx.layout.weights / name)
