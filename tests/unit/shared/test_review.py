import time

from shared.context import Context
from shared.domain.deletion import BatchKind
from shared.domain.scan import Folder, ScanRequest
from shared.services import review
from shared.store import batches, scans

WANTED = ScanRequest(folders=(Folder("0" * 32),))


def test_a_file_put_back_after_a_deletion_is_not_shown_as_trashed_in_a_later_scan(ctx: Context) -> None:
    now = time.time()
    scans.create(ctx.redis, "before", WANTED, now - 20)
    batches.create(ctx.redis, "b1", BatchKind.TRASH, (), now - 10)
    batches.mark_trashed(ctx.redis, "image", "b1")
    scans.create(ctx.redis, "after", WANTED, now)
    assert review.trashed(ctx, "before", ["image", "other"]) == {"image": "b1"}
    assert review.trashed(ctx, "after", ["image", "other"]) == {}
    assert review.trashed(ctx, "before", []) == {}
