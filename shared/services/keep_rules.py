"""Keep rules by name: save, list, remove."""

from __future__ import annotations

from shared.context import Context
from shared.domain.errors import InvalidRequest
from shared.domain.keep_rules import Rules
from shared.services import access
from shared.store import keep_rules as store

LONGEST_NAME = 100
MOST = 200


def save(ctx: Context, name: str, rules: Rules) -> None:
    """Save rules, in the place of earlier ones of this name. Raises InvalidRequest, Forbidden (read-only)."""
    access.check_changes(ctx.settings)
    rules.check()
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or "/" in name:
        raise InvalidRequest(f"Give the rules a name of {LONGEST_NAME} characters at most, without a slash.")
    known = {known for known, _ in store.listed(ctx.redis)}
    if name not in known and len(known) >= MOST:
        raise InvalidRequest(f"{MOST} sets of rules are saved already. Remove one first.")
    store.put(ctx.redis, name, rules)


def listed(ctx: Context) -> list[tuple[str, Rules]]:
    """All that are saved, by name."""
    return store.listed(ctx.redis)


def remove(ctx: Context, name: str) -> None:
    """Raises NotFound, Forbidden (read-only)."""
    access.check_changes(ctx.settings)
    store.remove(ctx.redis, name)
