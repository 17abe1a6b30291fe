"""A plan: what is to become of every picture of the chosen groups, staged as a whole before anything moves.

Invariant: what was staged is what is shown and what is applied; it never changes, and rules that are chosen anew make
another plan. Only its state goes on:

staged → running → done, or stopped on the way and run again; then undoing → undone, which may be stopped as well
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.deletion import Action
from shared.domain.keep_rules import Rules
from shared.domain.review import GroupFilter
from shared.domain.scan import Folder


class PlanState(StrEnum):
    STAGED = "staged"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


WORKING = frozenset({PlanState.RUNNING, PlanState.UNDOING})
APPLICABLE = frozenset({PlanState.STAGED, PlanState.STOPPED})
UNDOABLE = frozenset({PlanState.STOPPED, PlanState.DONE, PlanState.UNDONE})


class PlanShow(StrEnum):
    """Which groups of a plan are looked at."""

    MOVES = "moves"  # something is to go
    LEFT = "left"  # something is left for a person


@dataclass(frozen=True, slots=True)
class PlanTotals:
    """Of the groups that were looked at: pictures that stay, that go (and their bytes), groups with anything left."""

    groups: int = 0
    keeps: int = 0
    moves: int = 0
    freed: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class PlanHeader:
    """What was asked for, and what came of it. ``target`` is the folder that pictures move to, for that action."""

    scan: str
    created: float
    wanted: GroupFilter
    rules: Rules
    action: Action
    target: Folder | None
    totals: PlanTotals


@dataclass(frozen=True, slots=True)
class PlanProgress:
    """Files that were moved, of how many bytes; that were refused; and that were brought back since."""

    done: int = 0
    freed: int = 0
    refused: int = 0
    restored: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    id: str
    state: PlanState
    header: PlanHeader
    progress: PlanProgress
