"""The check that holds the diagram of the architecture against the imports finds what differs."""

from __future__ import annotations

from scripts.diagram import differences, drawn, reached

DOCUMENT = """
```mermaid
flowchart TB
    subgraph asking
        web[web<br>pages]
    end
    services[services<br>use cases] --> store[store] --> domain[domain]
    web --> services
    web -. tasks by name .-> redis[(Redis)]
    stages --> data[(data folder)]
```
"""


def test_solid_arrows_between_packages_are_read_and_no_others() -> None:
    assert drawn(DOCUMENT) == {("services", "store"), ("store", "domain"), ("web", "services")}


def test_an_import_may_skip_along_arrows() -> None:
    assert ("web", "domain") in reached(drawn(DOCUMENT))
    assert differences(drawn(DOCUMENT), drawn(DOCUMENT) | {("web", "domain")}) == []


def test_what_is_drawn_and_not_so_and_what_is_so_and_not_drawn_are_told() -> None:
    told = differences({("web", "services"), ("cli", "services")}, {("web", "services"), ("store", "web")})
    assert told == [
        "cli --> services is drawn, but cli imports nothing of it",
        "shared.store imports web, and no arrow leads there",
    ]
