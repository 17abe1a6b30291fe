"""What goes where a picture goes, by names alone."""

from __future__ import annotations

import pytest

from shared.domain.companions import companions, partners


@pytest.mark.parametrize(
    ("name", "beside", "found"),
    [
        ("a.jpg", "a.jpg.xmp b.jpg b.jpg.xmp", "a.jpg.xmp"),
        ("a.jpg", "A.XMP", "A.XMP"),
        ("a.jpg", "a.xmp a.png", ""),  # that sidecar may be the other picture's
        ("a.jpg", "a.CR2 a.xmp a.cr2.xmp", "a.CR2 a.cr2.xmp a.xmp"),
        ("a.NEF", "a.jpg ab.jpg", "a.jpg"),
        ("a.heic", "a.mov", "a.mov"),
        ("a.dng", "a.heic a.mov", "a.heic a.mov"),
        ("a.png", "a.mov a.jpg", ""),
        ("a.jpg", "a.jpeg", ""),
        ("noname", "noname.xmp", "noname.xmp"),
    ],
)
def test_what_belongs_together(name: str, beside: str, found: str) -> None:
    assert companions(name.encode(), beside.encode().split()) == found.encode().split()


def test_partners_are_in_one_folder() -> None:
    assert partners(b"x/IMG_1.CR2", b"x/img_1.jpg")
    assert not partners(b"x/IMG_1.CR2", b"y/IMG_1.jpg")
    assert not partners(b"x/IMG_1.jpg", b"x/IMG_1.jpeg")
