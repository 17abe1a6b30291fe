"""A small library to try the first scan on: scikit-image's bundled photographs and edits of them.

Invariant: the folder is complete or it is not there; the same versions of Pillow and scikit-image make the same
bytes. Nothing is downloaded: only photographs that the wheel itself carries are taken.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageEnhance

PHOTOGRAPHS = {
    "astronaut.png": "Astronaut",
    "camera.png": "Cameraman",
    "chelsea.png": "Chelsea the cat",
    "coffee.png": "Coffee",
    "coins.png": "Coins",
    "grass.png": "Grass",
    "gravel.png": "Gravel",
    "hubble_deep_field.jpg": "Deep field",
    "moon.png": "Moon",
    "motorcycle_left.png": "Motorcycle, left eye",
    "motorcycle_right.png": "Motorcycle, right eye",  # a look-alike, and no copy, of the one before
    "retina.jpg": "Retina",
    "rocket.jpg": "Rocket",
}
_FOLDERS = ("Pictures", "Phone", "Downloads", "Backup")  # each a day younger than the one before
_TAKEN = 1_700_000_000
_DAY_S = 86_400
_ORIENTATION = 0x0112


def make(folder: Path) -> None:
    """Make the demo library at ``folder``; nothing happens where it exists.

    Raises:
        OSError: the folder cannot be written.
    """
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".demo-", dir=folder.parent))
    try:
        _fill(draft)
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fill(folder: Path) -> None:
    for place, content in _contents().items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        taken = _TAKEN + _FOLDERS.index(place.partition("/")[0]) * _DAY_S
        os.utime(path, (taken, taken))


def _contents() -> dict[str, bytes]:
    """Relative path and bytes of every file."""
    originals = {title: _original(name) for name, title in PHOTOGRAPHS.items()}
    contents = {f"Pictures/{title}.jpg": content for title, content in originals.items()}
    contents |= {f"Backup/{title}.jpg": originals[title] for title in ("Astronaut", "Coffee", "Moon", "Rocket")}
    contents["Backup/old/Coffee (1).jpg"] = originals["Coffee"]
    for place, edit, titles in _EDITS:
        contents |= {place.format(title): edit(_decoded(originals[title])) for title in titles}
    contents["Downloads/Rocket, cut off.jpg"] = originals["Rocket"][: len(originals["Rocket"]) // 2]
    contents["Downloads/Captions.txt"] = "\n".join(PHOTOGRAPHS.values()).encode()
    return contents


def _original(name: str) -> bytes:
    with Image.open(BytesIO(files("skimage.data").joinpath(name).read_bytes())) as image:
        return _encoded(image.convert("RGB"), "JPEG", quality=92)


def _decoded(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


def _encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def _same_pixels(image: Image.Image) -> bytes:
    return _encoded(image, "PNG")


def _reencoded(image: Image.Image) -> bytes:
    return _encoded(image, "JPEG", quality=55)


def _as_webp(image: Image.Image) -> bytes:
    return _encoded(image, "WEBP", quality=70)


def _resized(image: Image.Image) -> bytes:
    return _encoded(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS), "JPEG", quality=85)


def _cropped(image: Image.Image) -> bytes:
    across, down = image.width // 50, image.height // 50
    box = (across, down, image.width - across, image.height - down)
    return _encoded(image.crop(box), "JPEG", quality=90)


def _brightened(image: Image.Image) -> bytes:
    return _encoded(ImageEnhance.Brightness(image).enhance(1.15), "JPEG", quality=90)


def _held_upright(image: Image.Image) -> bytes:
    """Stored lying on its side, with the EXIF orientation that turns it upright again, as phones do."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    return _encoded(image.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=92, exif=exif)


_EDITS: tuple[tuple[str, Callable[[Image.Image], bytes], tuple[str, ...]], ...] = (
    ("Backup/lossless/{}.png", _same_pixels, ("Chelsea the cat", "Coins", "Moon")),
    ("Phone/{}.jpg", _held_upright, ("Astronaut", "Rocket", "Motorcycle, left eye")),
    ("Phone/{} small.jpg", _resized, ("Astronaut", "Chelsea the cat", "Deep field", "Retina", "Cameraman")),
    ("Downloads/{}.jpg", _reencoded, ("Astronaut", "Coffee", "Deep field", "Motorcycle, right eye")),
    ("Downloads/{}.webp", _as_webp, ("Chelsea the cat", "Retina")),
    ("Downloads/{}, edited.jpg", _brightened, ("Coffee", "Rocket", "Cameraman")),
    ("Downloads/{}, cropped.jpg", _cropped, ("Astronaut", "Chelsea the cat", "Coins")),
)
"""Where copies lie, how they are made, and of which photographs."""
