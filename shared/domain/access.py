"""Who may do what: a scope says how much, an API token carries one."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """``read`` looks at everything and changes nothing; ``write`` does all that the pages do."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as it is kept: ``digest`` is the SHA-256 of its secret, which itself is kept nowhere.

    ``created`` is in seconds since the epoch.
    """

    id: str
    name: str
    scope: Scope
    created: float
    digest: str


def is_loopback(hostname: str) -> bool:
    """Whether a host name or address (no port, no brackets) always means this machine."""
    if hostname.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(hostname).is_loopback
    except ValueError:
        return False
