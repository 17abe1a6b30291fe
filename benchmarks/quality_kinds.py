"""Draw docs/images/kinds.jpg: a pair of pictures of each kind, and see that the proof calls each by that name.

    python -m benchmarks.quality_kinds

The photographs are scikit-image's, the edits those of benchmarks.quality_library.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps
from skimage import data

from benchmarks.quality_library import negatives
from benchmarks.quality_library.edits import EDITS, font
from shared.domain.model import Kind
from workers.proof.evidence import gather
from workers.proof.verdict import judge
from workers.vision.decode import decode
from workers.vision.local import Local, loaded
from workers.vision.reading import Decoded
from workers.vision.remains import whole_or_rest

_SHEET = Path(__file__).parents[1] / "docs/images/kinds.jpg"
_SEED = 7
_MOST_PIXELS = 200_000_000
_COLUMNS, _CELL, _SHOWN = 3, (336, 168), (154, 120)  # pixels
_EDITED = {
    Kind.RE_ENCODED: ("chelsea", "jpeg-20"),
    Kind.RESIZED: ("coffee", "half"),
    Kind.TURNED: ("rocket", "quarter-turn"),
    Kind.MIRRORED: ("astronaut", "mirrored"),
    Kind.COLOUR: ("coffee", "sepia"),
    Kind.CROPPED: ("chelsea", "crop-40"),
    Kind.FRAMED: ("rocket", "framed"),
    Kind.OVERLAY: ("astronaut", "watermark"),
    Kind.CONTAINED: ("coffee", "screenshot"),
}

Pair = tuple[bytes, bytes]


def main() -> None:
    pairs = dict(_pairs(np.random.default_rng(_SEED)))
    for kind, pair in pairs.items():
        if (called := _called(*pair)) != kind:
            raise SystemExit(f"the pair for {kind} is called {called}: choose another")
    _drawn(pairs).save(_SHEET, quality=85, optimize=True)


def _pairs(random: np.random.Generator) -> Iterator[tuple[Kind, Pair]]:
    photograph = _photograph("chelsea")
    yield Kind.EXACT, (_saved(photograph), _saved(photograph))
    yield Kind.SAME_PIXELS, (_saved(photograph, "PNG"), _saved(photograph, "TIFF"))
    yield Kind.DAMAGED, (_saved(photograph), _saved(photograph)[: len(_saved(photograph)) // 2])
    for kind, (name, edit) in _EDITED.items():
        yield kind, (_saved(_photograph(name)), EDITS[edit].make(_photograph(name), random))
    scene = _photograph("rocket")
    yield Kind.BURST, (_saved(scene), _saved(negatives.another_shot(scene, random)))
    yield Kind.LOOK_ALIKE, (_saved(_product("coffee")), _saved(_product("chelsea")))


def _photograph(name: str) -> Image.Image:
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def _product(name: str) -> Image.Image:
    return negatives.product(_photograph(name))


def _saved(image: Image.Image, how: str = "JPEG") -> bytes:
    stream = BytesIO()
    image.save(stream, how, **({"quality": 93} if how == "JPEG" else {}))
    return stream.getvalue()


def _opened(picture: bytes) -> Image.Image:
    return whole_or_rest(picture, _MOST_PIXELS, lambda shown: shown.image.convert("RGB"))[0]


def _called(a: bytes, b: bytes) -> Kind:
    """What the product calls the pair: equal bytes and pixels are known before any proof."""
    if a == b:
        return Kind.EXACT
    if _opened(a).tobytes() == _opened(b).tobytes():
        return Kind.SAME_PIXELS
    one, other = (decode(picture, None, _MOST_PIXELS, True) for picture in (a, b))
    found = gather(_local(one), _local(other), None)
    if found is None:
        return Kind.LOOK_ALIKE
    sizes = (one.width, one.height), (other.width, other.height)
    return judge(found, *sizes, one.damaged or other.damaged).kind


def _local(found: Decoded) -> Local:
    if found.local is None:
        raise ValueError("no local features")
    return loaded(found.local, (found.width, found.height))


def _drawn(pairs: dict[Kind, Pair]) -> Image.Image:
    """The sheet: a cell for each kind, its name below the two pictures, both at one scale where sizes differ."""
    width, height = _CELL
    sheet = Image.new("RGB", (_COLUMNS * width, -(-len(pairs) // _COLUMNS) * height), "white")
    for number, (kind, pair) in enumerate(pairs.items()):
        row, column = divmod(number, _COLUMNS)
        for side, shown in enumerate(_side_by_side(*map(_opened, pair))):
            middle = (column * width + 88 + side * (_SHOWN[0] + 6), row * height + 10 + _SHOWN[1] // 2)
            sheet.paste(shown, (middle[0] - shown.width // 2, middle[1] - shown.height // 2))
        at = ((column + 0.5) * width, row * height + _SHOWN[1] + 26)
        ImageDraw.Draw(sheet).text(at, str(kind), (30, 30, 30), font(17), "mm")
    return sheet


def _side_by_side(a: Image.Image, b: Image.Image) -> Iterator[Image.Image]:
    larger = ImageOps.contain(a, _SHOWN).width / a.width, ImageOps.contain(b, _SHOWN).width / b.width
    scale = min(larger)
    for image in (a, b):
        yield image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))


if __name__ == "__main__":
    main()
