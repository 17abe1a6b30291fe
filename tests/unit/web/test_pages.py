"""The pages: what stands in them before any script runs."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from flask.testing import FlaskClient

from shared.context import Context
from shared.layout import WEIGHTS_MARKER
from tests.gallery import SCAN, SEARCH, Gallery, fake_weights
from web import models


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_start_page_lists_the_latest_scans(client: FlaskClient, shown: Gallery) -> None:
    text = page(client, "/")
    assert f"/scans/{SCAN}" in text
    assert "3 groups in 9 pictures" in text
    assert f"/scans/{SEARCH}" in text
    assert "3 matches" in text


def test_an_empty_start_page_says_what_to_do(client: FlaskClient) -> None:
    assert "Choose a folder above" in page(client, "/")


def test_the_weights_are_on_offer_until_they_are_there(client: FlaskClient, ctx: Context) -> None:
    assert "can download them (553 MB), or set <code>LOOKALIKE_WEIGHTS</code>" in page(client, "/")
    fake_weights(ctx, "VGG16/models/vgg16_weights_tf_dim_ordering_tf_kernels.h5")
    (ctx.layout.weights / "VGG16" / WEIGHTS_MARKER).write_text("models/vgg16_weights_tf_dim_ordering_tf_kernels.h5")
    assert "LOOKALIKE_WEIGHTS" not in page(client, "/")


def test_thorough_is_chosen_at_first(client: FlaskClient) -> None:
    text = page(client, "/")
    assert 'name="preset" value="thorough" checked' in text
    assert text.count(" checked>") == 1


def test_a_name_from_outside_is_escaped(client: FlaskClient, ctx: Context) -> None:
    fake_weights(ctx, "<script>alert(1)<x>.keras")
    assert "<script>alert" not in page(client, "/")


def test_scan_and_search_have_their_own_words(client: FlaskClient, shown: Gallery) -> None:
    assert "Pictures that are alike" in page(client, f"/scans/{SCAN}")
    assert "Matches of mine.jpg" in page(client, f"/scans/{SEARCH}")


def test_the_networks_are_those_of_keras_applications() -> None:
    spec = importlib.util.find_spec("keras")
    assert spec is not None
    assert spec.origin is not None
    source = (Path(spec.origin).parent / "applications" / "__init__.py").read_text()
    imported = [
        alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    assert sorted(models.NETWORKS) == sorted(name for name in imported if name[0].isupper())
