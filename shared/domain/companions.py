"""Files that belong together by their names: a picture and its sidecar, a RAW and its JPEG, a Live Photo's two halves.

Names decide, letter case aside, within one folder:

sidecar   ``IMG_1.JPG.xmp`` is that picture's, ``IMG_1.xmp`` that of all pictures called ``IMG_1``
partner   ``IMG_1.CR2`` and ``IMG_1.JPG`` (or HEIC), one shot kept twice; ``IMG_1.HEIC`` and ``IMG_1.MOV``, a Live Photo
"""

from __future__ import annotations

from collections.abc import Iterable

SIDECARS = frozenset({b"xmp"})
RAWS = frozenset(
    b"3fr arw cr2 cr3 crw dcr dng erf iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f".split()
)
DEVELOPED = frozenset({b"jpg", b"jpeg", b"jpe", b"heic", b"heif", b"hif"})
FILMS = frozenset({b"mov", b"mp4"})
_PARTNERS = ((RAWS, DEVELOPED), (DEVELOPED, FILMS))


def partners(one: bytes, other: bytes) -> bool:
    """Whether two paths of one library are the halves of one shot: a RAW and its JPEG, or a Live Photo."""
    folder, _, name = one.rpartition(b"/")
    other_folder, _, other_name = other.rpartition(b"/")
    return folder == other_folder and _are_partners(name, other_name)


def is_sidecar(name: bytes) -> bool:
    return _split(name)[1] in SIDECARS


def companions(name: bytes, beside: Iterable[bytes]) -> list[bytes]:
    """Those of the names ``beside`` that go where the picture ``name`` goes, sorted.

    A sidecar for all pictures of one name goes only when no other file of that name is left behind.
    """
    names = sorted(other for other in beside if other != name)
    together = {name}
    while grown := {other for other in names if any(_are_partners(one, other) for one in together)} - together:
        together |= grown
    own = {s for s in names if is_sidecar(s) and any(s.lower()[:-4] == one.lower() for one in together)}
    stem = _split(name)[0]
    of_all = {s for s in names if _split(s) == (stem, b"xmp")} - own
    others = [o for o in names if _split(o)[0] == stem and o not in together and not is_sidecar(o)]
    return sorted(together - {name} | own | (set() if others else of_all))


def _are_partners(one: bytes, other: bytes) -> bool:
    (stem, suffix), (other_stem, other_suffix) = _split(one), _split(other)
    if stem != other_stem:
        return False
    return any((suffix in a and other_suffix in b) or (suffix in b and other_suffix in a) for a, b in _PARTNERS)


def _split(name: bytes) -> tuple[bytes, bytes]:
    stem, dot, suffix = name.lower().rpartition(b".")
    return (stem, suffix) if dot else (suffix, b"")
