"""Attempts to sign in, counted by address in Redis, so that a password cannot be searched for."""

from __future__ import annotations

import ipaddress
import time

from limits import parse_many
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter

from shared.context import Context
from shared.store import keys

RATES = parse_many("5/minute;30/hour")
_IPV6_SITE = 64
"""Bits of an IPv6 address that name a site; the rest its owner changes at will."""


class Attempts:
    """A sign-in that succeeds wipes what was counted for its address."""

    def __init__(self, ctx: Context) -> None:
        storage = RedisStorage("redis://", connection_pool=ctx.redis.connection_pool, key_prefix=keys.LIMITS)
        self._limiter = FixedWindowRateLimiter(storage)

    def count(self, address: str) -> int:
        """Count one attempt; seconds until the next is allowed, 0 where this one is.

        It is counted before the password is looked at, so that many at once gain nothing.
        """
        who = _site(address)
        full = [rate for rate in RATES if not self._limiter.hit(rate, who)]
        ends = [self._limiter.get_window_stats(rate, who).reset_time for rate in full]
        return max(1, round(max(ends) - time.time())) if ends else 0

    def forget(self, address: str) -> None:
        for rate in RATES:
            self._limiter.clear(rate, _site(address))


def _site(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # no address at all: a Unix socket
        return address
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, _IPV6_SITE), strict=False))
