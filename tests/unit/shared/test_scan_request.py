from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import similarity
from shared.domain.errors import InvalidRequest
from shared.domain.scan import Folder, Preset, ScanKind, ScanRequest

LIBRARY = "0" * 32
WANTED = ScanRequest(folders=(Folder(LIBRARY),))


@given(st.binary(max_size=40), st.sampled_from(Preset), st.floats(0, 1), st.integers(0, 64))
def test_a_request_survives_its_way_through_json(path: bytes, preset: Preset, threshold: float, distance: int) -> None:
    wanted = ScanRequest(
        (Folder(LIBRARY, path),), preset, threshold, distance, reference=(Folder(LIBRARY, path + b"!"),)
    )
    assert ScanRequest.from_json(wanted.to_json()) == wanted


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"folders": ()}, "invalid_request"),
        ({"threshold": 1.01}, "invalid_threshold"),
        ({"threshold": float("nan")}, "invalid_threshold"),
        ({"max_distance": 65}, "invalid_distance"),
        ({"preprocessing": "magic"}, "invalid_request"),
        ({"kind": ScanKind.FIND}, "invalid_request"),
        ({"upload": "ab"}, "invalid_request"),
        ({"reference": (Folder(LIBRARY),)}, "own_reference"),
        ({"reference": (Folder("1" * 32),), "kind": ScanKind.FIND, "upload": "ab"}, "invalid_request"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        replace(WANTED, **change).check()
    assert refused.value.code == code


def test_requests_of_earlier_releases_have_no_reference() -> None:
    text = WANTED.to_json().replace(',"reference":[]', "")
    assert "reference" not in text
    assert ScanRequest.from_json(text) == WANTED


@pytest.mark.parametrize(
    ("folders", "reference", "path", "expected"),
    [
        ([b"new"], [b"old"], b"old/a.jpg", True),
        ([b"new"], [b"old"], b"new/a.jpg", False),
        ([b"in/new"], [b""], b"in/new/a.jpg", False),  # a new folder inside the library
        ([b"in/new"], [b""], b"in/a.jpg", True),
        ([b""], [b"best"], b"best/of/a.jpg", True),  # a folder of the library that is to stay
        ([b""], [b"best"], b"bestof/a.jpg", False),
        ([b"a", b"a/b/c"], [b"a/b"], b"a/b/c/d", False),
        ([b"a"], [], b"a/b", False),
    ],
)
def test_the_innermost_folder_says_what_is_reference(
    folders: list[bytes], reference: list[bytes], path: bytes, expected: bool
) -> None:
    wanted = ScanRequest(
        tuple(Folder(LIBRARY, f) for f in folders), reference=tuple(Folder(LIBRARY, f) for f in reference)
    )
    assert wanted.is_reference(LIBRARY, path) is expected
    assert not wanted.is_reference("1" * 32, path)


@given(st.integers(0, 64), st.floats(-1, 1), st.floats(-1, 1))
def test_similarity_is_a_fraction(distance: int, ssim: float, cosine: float) -> None:
    near = similarity.near(distance, ssim)
    assert 0 <= near <= 1
    assert max(near, cosine) == similarity.deep(cosine, near)


def test_equal_hashes_and_equal_pictures_are_wholly_similar() -> None:
    assert similarity.near(0, 1.0) == 1.0
    assert similarity.deep(0.93, None) == 0.93
