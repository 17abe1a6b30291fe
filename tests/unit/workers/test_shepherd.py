"""The shepherd finds what was lost, and only that, also while queues are full of other work."""

import time

import pytest

from shared.broker import waiting
from shared.context import Context
from shared.domain.deletion import BatchKind, BatchState, Item
from shared.domain.scan import Phase, Preset, ScanRequest
from shared.names import EXTRACT_QUEUE, FILES_QUEUE
from shared.services import scans
from shared.store import batches
from shared.store import scans as store
from shared.store.scans import Found
from workers import shepherd

CHUNKS = 3


@pytest.fixture
def scan(ctx: Context) -> str:
    return begun(ctx, "s1")


def begun(ctx: Context, scan_id: str) -> str:
    """A scan whose chunks wait in the queue."""
    store.create(ctx.redis, scan_id, ScanRequest((), preset=Preset.NEAR), time.time())
    store.claim(ctx.redis, scan_id, Phase.PLAN, 0, time.time(), 10)
    found = Found(set={f"total:{Phase.EXTRACT}": CHUNKS})
    step = store.complete(ctx.redis, scan_id, Phase.PLAN, 0, found, time.time())
    assert step.send is not None
    scans.send(ctx, scan_id, step.send)
    return scan_id


def lose(ctx: Context, number: int) -> None:
    """Redis forgets its oldest messages."""
    for _ in range(number):
        assert ctx.redis.rpop(f"lookalike:v1:celery:{EXTRACT_QUEUE}")


def test_a_lost_message_is_sent_again_though_others_wait(ctx: Context, scan: str) -> None:
    begun(ctx, "s2")
    lose(ctx, 2)
    shepherd.tend(ctx, time.time() + 100)
    assert waiting(ctx.celery, EXTRACT_QUEUE) == 2 * CHUNKS
    shepherd.tend(ctx, time.time() + 200)
    assert waiting(ctx.celery, EXTRACT_QUEUE) == 2 * CHUNKS, "sent more than once"


def test_messages_that_only_wait_for_long_are_not_sent_again(ctx: Context, scan: str) -> None:
    for hours in range(1, 4):
        shepherd.tend(ctx, time.time() + 3600 * hours)
    assert waiting(ctx.celery, EXTRACT_QUEUE) == CHUNKS


def test_a_message_of_somebody_else_does_not_stop_the_shepherd(ctx: Context, scan: str) -> None:
    lose(ctx, 1)
    for strange in (b"not JSON", b'{"body": 7}', b'{"headers": {"task": "x"}, "body": "!"}', b"[]"):
        ctx.redis.lpush(f"lookalike:v1:celery:{EXTRACT_QUEUE}", strange)
    shepherd.tend(ctx, time.time() + 100)
    assert waiting(ctx.celery, EXTRACT_QUEUE) == CHUNKS + 4


def test_a_deletion_that_redis_forgot_to_deliver_is_sent_again_once(ctx: Context) -> None:
    item = Item("b1.0", "i", "l", b"a.jpg", 1, "d")
    batches.create(ctx.redis, "b1", BatchKind.TRASH, [item], time.time())
    shepherd.tend(ctx, time.time())
    assert waiting(ctx.celery, FILES_QUEUE) == 0, "too early to tell"
    shepherd.tend(ctx, time.time() + 100)
    shepherd.tend(ctx, time.time() + 200)
    assert waiting(ctx.celery, FILES_QUEUE) == 1
    ctx.redis.delete(f"lookalike:v1:celery:{FILES_QUEUE}")
    batches.advance(ctx.redis, "b1", BatchState.DONE)
    shepherd.tend(ctx, time.time() + 10_000)
    assert waiting(ctx.celery, FILES_QUEUE) == 0
