"""The demo library."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from workers import demo


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "Demo library"
    demo.make(folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_has_some_forty_files_in_a_few_folders(library: Path) -> None:
    assert 38 <= len(contents(library)) <= 45
    assert {path.name for path in library.iterdir()} == {"Pictures", "Phone", "Backup", "Downloads"}


def test_it_is_the_same_each_time(library: Path, tmp_path: Path) -> None:
    demo.make(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(library)


def test_making_it_again_changes_nothing(library: Path) -> None:
    taken_away = library / "Pictures" / "Moon.jpg"
    content = taken_away.read_bytes()
    taken_away.unlink()
    demo.make(library)
    assert not taken_away.exists()
    taken_away.write_bytes(content)


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(demo.PHOTOGRAPHS, "no such photograph.png", "Missing")
    with pytest.raises(FileNotFoundError):
        demo.make(tmp_path / "Demo library")
    assert list(tmp_path.iterdir()) == []


def test_it_has_exact_copies_equal_pixels_and_a_turned_one(library: Path) -> None:
    digests = [hashlib.sha256(content).digest() for content in contents(library).values()]
    assert len(digests) - len(set(digests)) == 5
    with Image.open(library / "Pictures/Coins.jpg") as jpeg, Image.open(library / "Backup/lossless/Coins.png") as png:
        assert jpeg.tobytes() == png.tobytes()
    with Image.open(library / "Pictures/Rocket.jpg") as upright, Image.open(library / "Phone/Rocket.jpg") as turned:
        assert turned.size == upright.size[::-1]
        difference = ImageChops.difference(ImageOps.exif_transpose(turned), upright).convert("L")
        assert difference.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) < 4


def test_it_has_a_damaged_file_and_one_that_is_no_image(library: Path) -> None:
    with Image.open(library / "Downloads/Rocket, cut off.jpg") as image, pytest.raises(OSError, match="truncated"):
        image.load()
    with pytest.raises(UnidentifiedImageError):
        Image.open(library / "Downloads/Captions.txt")
