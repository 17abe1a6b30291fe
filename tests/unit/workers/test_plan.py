from shared.domain.scan import Folder, outermost

A, B = "a" * 32, "b" * 32


def test_a_folder_inside_another_is_not_walked_twice() -> None:
    folders = [Folder(A, b"x/y"), Folder(A, b"x"), Folder(B, b"x/y"), Folder(A, b"x")]
    assert outermost(folders) == [Folder(A, b"x"), Folder(B, b"x/y")]


def test_the_root_holds_every_folder() -> None:
    assert outermost([Folder(A, b"x"), Folder(A), Folder(A, b"y")]) == [Folder(A)]


def test_a_name_that_begins_alike_is_another_folder() -> None:
    folders = [Folder(A, b"trip"), Folder(A, b"trip 2"), Folder(A, b"trip/one")]
    assert outermost(folders) == [Folder(A, b"trip"), Folder(A, b"trip 2")]
