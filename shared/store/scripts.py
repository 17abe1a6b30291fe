"""The Lua scripts beside this module: steps that Redis takes as one, so that no other comes in between."""

from __future__ import annotations

from functools import cache
from importlib import resources

from redis import Redis
from redis.commands.core import Script


@cache
def _source(name: str) -> str:
    return resources.files("shared.store").joinpath("lua", f"{name}.lua").read_text()


def script(redis: Redis, name: str) -> Script:
    """The script ``lua/<name>.lua``, ready to be called with its keys and arguments."""
    return redis.register_script(_source(name))
