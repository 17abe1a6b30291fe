"""Faults on a whole stack. Left out of a plain run; ``make test-faults`` runs them and prints the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import table


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.timeout(900))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if table.ROWS:
        terminalreporter.section("faults")
        for line in table.lines():
            terminalreporter.write_line(line)
