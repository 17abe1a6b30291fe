"""What may be asked of the trash, and what a batch, carried out on real files, makes of it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from shared.context import Context
from shared.domain.errors import Conflict, InvalidRequest, NotFound
from shared.domain.model import Image, Library
from shared.services import trash
from shared.store import batches, keys, libraries
from tests import deletions
from tests.deletions import done, scanned, searched, seen
from workers.stages.trash import recover, run_batch

FILES = {"a.jpg": b"picture", "b.jpg": b"picture", "c.jpg": b"like it", "d.jpg": b"another", "e.jpg": b"another"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def library(ctx: Context, root: Path) -> Library:
    return deletions.library(ctx, root, FILES)


@pytest.fixture
def images(library: Library) -> dict[str, Image]:
    return {name[0]: seen(library, name.encode()) for name in FILES}


@pytest.fixture
def scan(ctx: Context, images: dict[str, Image]) -> str:
    """Groups of a (keeper), b (equal), c (alike), and of d and e (equal)."""
    return scanned(ctx, [[images["a"], images["b"], images["c"]], [images["d"], images["e"]]])


def names(root: Path) -> str:
    return "".join(sorted(file.stem for file in root.glob("*.jpg")))


def test_images_are_moved_and_one_undo_brings_all_of_them_back(
    ctx: Context, scan: str, images: dict[str, Image], root: Path
) -> None:
    batch = trash.delete(ctx, scan, [images["b"].id, images["c"].id, images["e"].id])
    assert trash.batch(ctx, batch).state == "queued"
    assert done(ctx, batch) == [None, None, None]
    assert names(root) == "ad"
    assert batches.trashed(ctx.redis, [i.id for i in images.values()]) == {images[n].id: batch for n in "bce"}
    entries = trash.listed(ctx)
    assert sorted((e.path, e.library, e.image, e.size, e.batch) for e in entries) == sorted(
        (images[n].path, images[n].library, images[n].id, images[n].size, batch) for n in "bce"
    )
    last = trash.last_batch(ctx)
    assert last is not None
    assert last.id == batch
    assert done(ctx, trash.restore(ctx, batch)) == [None, None, None]
    assert names(root) == "abcde"
    assert {f"{n}.jpg": (root / f"{n}.jpg").read_bytes() for n in "abcde"} == FILES
    assert trash.listed(ctx) == []
    assert trash.last_batch(ctx) is None
    assert batches.trashed(ctx.redis, [i.id for i in images.values()]) == {}
    with pytest.raises(Conflict):
        trash.restore(ctx, batch)


def test_some_of_a_batch_can_be_restored(ctx: Context, scan: str, images: dict[str, Image], root: Path) -> None:
    batch = trash.delete(ctx, scan, [images["b"].id, images["e"].id])
    done(ctx, batch)
    entry = next(e for e in trash.listed(ctx) if e.path == b"e.jpg")
    done(ctx, trash.restore(ctx, batch, [entry.id]))
    assert names(root) == "acde"
    with pytest.raises(NotFound):
        trash.restore(ctx, batch, ["elsewhere.0"])
    with pytest.raises(Conflict):
        trash.restore(ctx, batch, [entry.id])


def test_the_last_copy_of_a_group_is_never_deleted(
    ctx: Context, scan: str, images: dict[str, Image], root: Path
) -> None:
    for chosen in ("abc", "de", "bde"):
        with pytest.raises(Conflict) as refused:
            trash.delete(ctx, scan, [images[n].id for n in chosen], confirmed=True)
        assert refused.value.code == "last_copy"
    assert names(root) == "abcde"
    assert batches.latest(ctx.redis) == []


def test_a_damaged_file_is_no_copy_because_of_which_a_whole_one_goes(
    ctx: Context, images: dict[str, Image], root: Path
) -> None:
    torn = {n: replace(images[n], damaged=True) for n in "bc"}
    scan = scanned(ctx, [[images["a"], torn["c"], replace(images["d"], damaged=True)]])
    for chosen in ("a", "ac"):
        with pytest.raises(Conflict) as refused:
            trash.delete(ctx, scan, [images[n].id for n in chosen], confirmed=True)
        assert refused.value.code == "last_copy"
        assert "damaged" in refused.value.message
    assert names(root) == "abcde"
    assert done(ctx, trash.delete(ctx, scan, [images["c"].id])) == [None]
    only_torn = scanned(ctx, [[torn["b"], replace(images["e"], damaged=True)]])
    assert done(ctx, trash.delete(ctx, only_torn, [images["e"].id])) == [None]


def test_what_lies_in_the_trash_does_not_count_as_staying(ctx: Context, scan: str, images: dict[str, Image]) -> None:
    done(ctx, trash.delete(ctx, scan, [images["d"].id]))
    with pytest.raises(Conflict) as refused:
        trash.delete(ctx, scan, [images["e"].id])
    assert refused.value.code == "last_copy"


def test_a_file_in_the_place_of_one_that_was_moved_before_the_scan_counts(
    ctx: Context, library: Library, scan: str, images: dict[str, Image], root: Path
) -> None:
    done(ctx, trash.delete(ctx, scan, [images["d"].id]))
    (root / "d.jpg").write_bytes(b"another")
    time.sleep(0.01)
    later = scanned(ctx, [[seen(library, b"d.jpg"), seen(library, b"e.jpg")]])
    assert done(ctx, trash.delete(ctx, later, [images["e"].id])) == [None]


def test_a_member_needs_its_keeper_or_an_equal_copy_and_no_other_member_will_do(
    ctx: Context, library: Library, root: Path
) -> None:
    for name, data in (("k", b"keeper"), ("x", b"left half"), ("y", b"right half")):
        (root / f"{name}.jpg").write_bytes(data)
    keeper, left, right = (seen(library, f"{n}.jpg".encode()) for n in "kxy")
    scan = scanned(ctx, [[keeper, left, right]])
    batch = trash.delete(ctx, scan, [left.id])
    (root / "k.jpg").unlink()
    assert done(ctx, batch) == ["survivor_missing"]
    assert (root / "x.jpg").exists()


def test_a_keeper_may_go_where_a_member_stays(ctx: Context, scan: str, images: dict[str, Image], root: Path) -> None:
    assert done(ctx, trash.delete(ctx, scan, [images["a"].id, images["c"].id])) == [None, None]
    assert names(root) == "bde"


def test_two_opposite_batches_leave_one_copy(ctx: Context, scan: str, images: dict[str, Image], root: Path) -> None:
    first = trash.delete(ctx, scan, [images["d"].id])
    second = trash.delete(ctx, scan, [images["e"].id])
    assert done(ctx, second) == [None]
    assert done(ctx, first) == ["survivor_missing"]
    assert names(root) == "abcd"


def test_a_refused_image_does_not_stop_the_others(
    ctx: Context, scan: str, images: dict[str, Image], root: Path
) -> None:
    batch = trash.delete(ctx, scan, [images["b"].id, images["c"].id, images["e"].id])
    (root / "b.jpg").write_bytes(b"edited since")
    (root / "c.jpg").unlink()
    assert done(ctx, batch) == ["changed", "vanished", None]
    outcome = trash.batch(ctx, batch).outcomes[0]
    assert outcome.state == "refused"
    assert outcome.reason is not None
    assert "Scan again" in outcome.reason


def test_a_match_of_a_search_without_another_copy_asks_first(
    ctx: Context, images: dict[str, Image], root: Path
) -> None:
    search = searched(ctx, [images["a"], images["b"], images["c"]])
    with pytest.raises(Conflict) as refused:
        trash.delete(ctx, search, [images["c"].id])
    assert refused.value.code == "no_other_copy"
    assert done(ctx, trash.delete(ctx, search, [images["b"].id])) == [None]
    with pytest.raises(Conflict):
        trash.delete(ctx, search, [images["a"].id])  # its copy went just now
    assert done(ctx, trash.delete(ctx, search, [images["a"].id, images["c"].id], confirmed=True)) == [None, None]
    assert names(root) == "de"


def test_confirming_does_not_stand_in_for_a_copy_that_was_known(
    ctx: Context, images: dict[str, Image], root: Path
) -> None:
    search = searched(ctx, [images["a"], images["b"]])
    batch = trash.delete(ctx, search, [images["a"].id], confirmed=True)
    (root / "b.jpg").unlink()
    assert done(ctx, batch) == ["survivor_missing"]


def test_nothing_is_purged_without_confirmation(ctx: Context, scan: str, images: dict[str, Image], root: Path) -> None:
    done(ctx, trash.delete(ctx, scan, [images["b"].id, images["e"].id]))
    first, second = trash.listed(ctx)
    with pytest.raises(Conflict) as refused:
        trash.purge(ctx, [first.id])
    assert refused.value.code == "not_confirmed"
    assert done(ctx, trash.purge(ctx, [first.id], confirmed=True)) == [None]
    assert trash.listed(ctx) == [second]
    with pytest.raises(NotFound):
        trash.purge(ctx, [first.id], confirmed=True)


def test_a_library_that_cannot_be_written_says_so_before_anything_is_asked(
    ctx: Context, scan: str, library: Library, images: dict[str, Image]
) -> None:
    libraries.put_writable(ctx.redis, library.id, "The library is mounted read-only.")
    with pytest.raises(Conflict, match="read-only") as refused:
        trash.delete(ctx, scan, [images["b"].id])
    assert refused.value.code == "not_writable"


def test_what_makes_no_sense_is_refused(ctx: Context, scan: str, images: dict[str, Image]) -> None:
    with pytest.raises(InvalidRequest):
        trash.delete(ctx, scan, [])
    with pytest.raises(InvalidRequest):
        trash.purge(ctx, [], confirmed=True)
    for call in (
        lambda: trash.delete(ctx, "0" * 32, [images["b"].id]),
        lambda: trash.delete(ctx, scan, ["f" * 32]),
        lambda: trash.restore(ctx, "0" * 32),
        lambda: trash.batch(ctx, "0" * 32),
        lambda: trash.purge(ctx, ["0.0"], confirmed=True),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_batch_delivered_again_moves_nothing_twice(
    ctx: Context, scan: str, images: dict[str, Image], root: Path
) -> None:
    batch = trash.delete(ctx, scan, [images["b"].id, images["e"].id])
    assert done(ctx, batch) == [None, None]
    (root / "b.jpg").write_bytes(b"picture")  # the same bytes, put there anew
    assert done(ctx, batch) == [None, None]
    assert (root / "b.jpg").exists()
    assert len(trash.listed(ctx)) == 2


def test_a_batch_delivered_again_after_undo_says_nothing_wrong(
    ctx: Context, scan: str, images: dict[str, Image], root: Path
) -> None:
    batch = trash.delete(ctx, scan, [images["b"].id])
    done(ctx, batch)
    done(ctx, trash.restore(ctx, batch))
    run_batch(ctx, batch)
    assert names(root) == "abcde"
    assert batches.trashed(ctx.redis, [images["b"].id]) == {}


def test_an_empty_redis_learns_from_the_journal_what_lies_in_the_trash(
    ctx: Context, scan: str, images: dict[str, Image], root: Path
) -> None:
    batch = trash.delete(ctx, scan, [images["b"].id, images["c"].id])
    (root / "c.jpg").write_bytes(b"edited since")
    done(ctx, batch)
    ctx.redis.flushall()
    recover(ctx)
    assert batches.trashed(ctx.redis, [i.id for i in images.values()]) == {images["b"].id: batch}
    last = trash.last_batch(ctx)
    assert last is not None
    assert (last.id, last.kind, [o.path for o in last.outcomes if o.state == "done"]) == (batch, "trash", [b"b.jpg"])
    assert done(ctx, trash.restore(ctx, batch)) == [None]
    assert names(root) == "abcde"


def test_open_batches_are_sent_again_at_a_workers_start(ctx: Context, scan: str, images: dict[str, Image]) -> None:
    batch = trash.delete(ctx, scan, [images["b"].id])
    ctx.redis.delete(*ctx.redis.keys("lookalike:v1:celery:*"))  # the message is lost
    recover(ctx)
    queued = ctx.redis.lrange("lookalike:v1:celery:files", 0, -1)
    assert len(queued) == 1
    assert ctx.redis.hget(keys.batch(batch), "state") == b"queued"
