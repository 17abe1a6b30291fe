"""The table of faults that a run prints at its end."""

from __future__ import annotations

import os
from dataclasses import dataclass

MOMENTS = int(os.environ.get("FAULT_MOMENTS", "10"))
"""Seeded moments at which each fault is tried."""


@dataclass(frozen=True, slots=True)
class Row:
    """One fault that was survived ``times`` times; a test that fails adds none."""

    fault: str
    times: int
    outcome: str
    lost: int = 0


ROWS: list[Row] = []


def survived(fault: str, times: int, outcome: str) -> None:
    """Note a fault whose test has held everything it promises, that no picture was lost among it."""
    ROWS.append(Row(fault, times, outcome))


def lines() -> list[str]:
    """The table in Markdown."""
    head = ["| fault | times tried | outcome | images lost |", "|---|---|---|---|"]
    return [*head, *(f"| {r.fault} | {r.times} | {r.outcome} | {r.lost} |" for r in ROWS)]
