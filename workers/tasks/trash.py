"""The tasks that carry out a batch of deletions, or of their undoing, and a plan of many batches."""

from __future__ import annotations

from redis.exceptions import ConnectionError as RedisConnectionError

from shared.names import RUN_BATCH, RUN_PLAN
from workers.app import app, context
from workers.messages import BATCH, PLAN, checked


@app.task(
    name=RUN_BATCH,
    autoretry_for=(RedisConnectionError,),
    retry_backoff=True,
    max_retries=None,
    soft_time_limit=1500,
    time_limit=1530,
)
@checked(BATCH)
def run_batch(batch_id: str) -> None:
    """Carry out what is left of a batch."""
    from workers.stages import trash

    trash.run_batch(context(), batch_id)


@app.task(
    name=RUN_PLAN,
    autoretry_for=(RedisConnectionError,),
    retry_backoff=True,
    max_retries=None,
    soft_time_limit=1500,
    time_limit=1530,
)
@checked(PLAN)
def run_plan(plan_id: str) -> None:
    """Carry out what is left of a plan, or of its undoing."""
    from workers.stages import plans

    plans.run_plan(context(), plan_id)
