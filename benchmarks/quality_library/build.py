"""Build the library: families of edits, collages, what only looks alike, and photographs that nothing else shows.

Invariant: the same sources, size and seed give the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

from benchmarks.quality_library import negatives
from benchmarks.quality_library.edits import EDITS, collage

SEED, FAMILIES = 2024, 60
"""Of the library that is measured with."""

ORIGINAL = "original"
COLLAGE = "collage"
SHOT, MOVED = "shot", "moved"
ALIKE = DOCUMENT, PRODUCT, MEME, BADGE = "document", "product", "meme", "badge"

_SCENES = (
    "astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "camera.png", "motorcycle_left.png", "coins.png",
    "ihc.png", "retina.jpg", "hubble_deep_field.jpg", "brick.png", "gravel.png", "grass.png", "moon.png",
)  # fmt: skip
_LONGEST = 1000  # pixels
_SHOWN, _MEMES = 28, 8  # photographs that nothing but a thing on white, or memes, shows
_WORDS = ["garden", "road", "house", "number", "street", "water", "light", "paper", "letter", "notice", "permit"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of the library. ``shows`` are the photographs it shows, ``edit`` how it was made; ``decoy`` marks what
    must not be taken for the photograph that it was made from."""

    name: str
    edit: str
    shows: frozenset[int]
    decoy: bool = False


@dataclass(slots=True)
class Library:
    """A folder and what is in it, by name."""

    folder: Path
    pictures: dict[str, Picture] = field(default_factory=dict)

    def add(self, name: str, data: bytes, picture: Picture) -> None:
        (self.folder / name).write_bytes(data)
        self.pictures[name] = picture

    def same(self, a: str, b: str) -> bool:
        """Whether two files show one photograph, as a whole or in part."""
        one, other = self.pictures[a], self.pictures[b]
        return bool(one.shows & other.shows)

    def undecided(self, a: str, b: str) -> bool:
        """Whether one has a thing that was moved and the other is a part of the photograph: the thing may not be in
        that part, and then both do show one picture."""
        edits = {self.pictures[a].edit, self.pictures[b].edit}
        return MOVED in edits and any(edit in EDITS and EDITS[edit].part for edit in edits)


Photograph = Callable[[], Image.Image]
Made = tuple[str, Image.Image]
"""How a picture was made, and the picture."""


def photographs_of(extra: Path | None, random: np.random.Generator) -> list[Path]:
    """Photographs, those of scikit-image first, then those of a folder in an order of the seed's."""
    bundled = [Path(skimage.__file__).parent / "data" / name for name in _SCENES]
    more = sorted(extra.rglob("*.jpg")) if extra is not None and extra.is_dir() else []
    return [path for path in bundled if path.is_file()] + [more[n] for n in random.permutation(len(more))]


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.thumbnail((_LONGEST, _LONGEST))
        return image.convert("RGB")


def build(
    folder: Path, extra: Path | None, families: int, edits_each: int, seed: int, without: Collection[Path] = ()
) -> Library:
    """Write the library into a folder that is not there yet.

    Args:
        families: photographs that are edited; all that are left over are distractors.
        edits_each: how many edits of each, chosen by the seed.
        without: photographs that are not used.
    """
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    paths = [path for path in photographs_of(extra, random) if path not in without]
    photographs: list[Photograph] = [lambda path=path: _opened(path) for path in paths]  # type: ignore[misc]
    families = min(families, len(photographs))
    library = Library(folder)
    for number, photograph in enumerate(photographs[:families]):
        _family(library, number, photograph(), edits_each, np.random.default_rng([seed, number]))
    for number, some in _collaged(families, random):
        name = f"collage-{number:03}.jpg"
        data = collage([photographs[one]() for one in some], random)
        library.add(name, data, Picture(name, COLLAGE, frozenset(some)))
    distractors, shown = photographs[families:-_SHOWN], photographs[families:][-_SHOWN:]
    for number, photograph in enumerate(distractors, families):
        _write(library, f"other-{number:04}.jpg", photograph(), "other", number)
    for number, (made, image) in enumerate(_alike(shown, random), len(photographs)):
        _write(library, f"{made}-{number:04}.png", image, made, number)
    return library


def _family(library: Library, number: int, photograph: Image.Image, edits: int, random: np.random.Generator) -> None:
    _write(library, f"{number:03}-original.jpg", photograph, ORIGINAL, number)
    for name in random.permutation(list(EDITS))[:edits]:
        edit = EDITS[str(name)]
        file = f"{number:03}-{name}.{ {'JPEG': 'jpg'}.get(edit.format, edit.format.lower()) }"
        library.add(file, edit.make(photograph, random), Picture(file, str(name), frozenset({number})))
    if number % 3 == 0:
        for decoy, make in ((SHOT, negatives.another_shot), (MOVED, negatives.one_thing_moved)):
            _write(library, f"{number:03}-{decoy}.jpg", make(photograph, random), decoy, number, decoy=True)


def _write(library: Library, name: str, image: Image.Image, edit: str, shows: int, decoy: bool = False) -> None:
    stream = BytesIO()
    image.save(stream, "PNG" if name.endswith("png") else "JPEG", quality=93)
    alone = -1 - 2 * shows - (edit == MOVED)  # a number that no other file has
    library.add(name, stream.getvalue(), Picture(name, edit, frozenset({alone if decoy else shows}), decoy))


def _collaged(families: int, random: np.random.Generator) -> Iterator[tuple[int, list[int]]]:
    for number in range(families // 4):
        count = int(random.integers(2, 5))
        yield number, sorted(int(one) for one in random.choice(families, min(count, families), replace=False))


def _alike(shown: list[Photograph], random: np.random.Generator) -> Iterator[Made]:
    """Pages of one office, things on white, pictures with other words on them, and signs of one house."""
    for _ in range(20):
        yield DOCUMENT, negatives.document(_WORDS, random)
    for photograph in shown[_MEMES:]:
        yield PRODUCT, negatives.product(photograph())
    for photograph in shown[:_MEMES]:
        yield from ((MEME, negatives.meme(photograph(), _WORDS, random)) for _ in range(3))
    for style in random.integers(0, 1 << 30, 8):
        letters = random.choice(list("ABDEGHKMNPRSWXZ358"), 4, replace=False)
        yield from ((BADGE, negatives.badge(np.random.default_rng(style), str(letter))) for letter in letters)
