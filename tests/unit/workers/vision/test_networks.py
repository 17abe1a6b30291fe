from __future__ import annotations

import pytest

from shared.domain.errors import InvalidRequest
from workers.vision.networks import check_model, preprocessing_of


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("vgg16", "caffe"), ("mobilenetv2_1.00_224", "tf"), ("mobilenet_1.00_224", "tf"), ("resnet50", "caffe"),
        ("resnet50v2", "tf"), ("MobileNetV3Small", "none"), ("efficientnetv2-b0", "none"), ("densenet121", "torch"),
        ("inception_resnet_v2", "tf"), ("convnext_tiny", "none"), ("nasnet_mobile", "tf"),
    ],
)  # fmt: skip
def test_the_preprocessing_of_a_file_follows_from_the_name_of_its_network(name: str, mode: str) -> None:
    assert preprocessing_of("some.keras", "auto", name) == mode


def test_a_network_of_unknown_name_needs_to_be_told() -> None:
    with pytest.raises(InvalidRequest, match="--preprocessing"):
        preprocessing_of("some.keras", "auto", "functional_1")
    assert preprocessing_of("some.keras", "torch", "functional_1") == "torch"


def test_what_is_asked_for_wins() -> None:
    assert preprocessing_of("VGG16", "tf", "vgg16") == "tf"
    assert preprocessing_of("VGG16", "auto", "vgg16") == "caffe"


def test_unknown_networks_are_refused_with_the_known_ones() -> None:
    check_model("ResNet50")
    check_model("/some/where/model.keras")
    for name in ("VGG17", "vgg16", "os", "model.h5"):
        with pytest.raises(InvalidRequest, match="ResNet50V2"):
            check_model(name)
