"""Hold the diagram of docs/architecture.md against the imports: ``make check`` runs it.

In its flowchart a solid arrow between two packages means "imports", directly or by way of modules that are not drawn.
Each such arrow must be true, and each such import between two packages that are drawn must follow arrows. Exit status
1 tells which do not.
"""

from __future__ import annotations

import re
import sys
from itertools import pairwise, permutations
from pathlib import Path

import grimp

DOCUMENT = Path(__file__).parents[1] / "docs" / "architecture.md"
PACKAGES = {
    "web": "web",
    "cli": "cli",
    "services": "shared.services",
    "store": "shared.store",
    "domain": "shared.domain",
    "tasks": "workers.tasks",
    "stages": "workers.stages",
    "vision": "workers.vision",
    "pairs": "workers.pairs",
    "files": "workers.files",
}
"""What a node of the diagram stands for; other nodes are no packages."""
_LABEL = r"(?:\[[^\]]*\]|\(\[[^\]]*\]\)|\[\([^)]*\)\])?"
_NODE = re.compile(rf"(\w+){_LABEL}")

Arrows = set[tuple[str, str]]


def drawn(document: str) -> Arrows:
    """The solid arrows between packages in the first Mermaid diagram."""
    diagram = document.split("```mermaid", 1)[1].split("```", 1)[0]
    arrows: Arrows = set()
    for line in diagram.splitlines():
        nodes = [match[1] for part in line.split("-->") if (match := _NODE.match(part.strip()))]
        if "-->" in line:
            arrows |= set(pairwise(nodes))
    return {(a, b) for a, b in arrows if a in PACKAGES and b in PACKAGES}


def imported(graph: grimp.ImportGraph) -> Arrows:
    """Which of the packages import which, directly or by way of modules that are in none of them."""
    inside = {node: {name, *graph.find_descendants(name)} for node, name in PACKAGES.items()}
    homes = {module: node for node, modules in inside.items() for module in modules}
    found = {node: _found(graph, modules, homes) for node, modules in inside.items()}
    return {(a, b) for a, b in permutations(PACKAGES, 2) if b in found[a]}


def _found(graph: grimp.ImportGraph, modules: set[str], homes: dict[str, str]) -> set[str]:
    """The packages that are met first on every way out of these modules."""
    met: set[str] = set()
    seen, todo = set(modules), list(modules)
    while todo:
        for module in graph.find_modules_directly_imported_by(todo.pop()) - seen:
            seen.add(module)
            if module in homes:
                met.add(homes[module])
            else:
                todo.append(module)
    return met


def reached(arrows: Arrows) -> Arrows:
    """All pairs where the second is reached from the first by following arrows."""
    every = set(arrows)
    while more := {(a, d) for a, b in every for c, d in every if b == c} - every:
        every |= more
    return every


def differences(arrows: Arrows, imports: Arrows) -> list[str]:
    """What the diagram says and the code does not, and the other way round."""
    return [
        *(f"{a} --> {b} is drawn, but {PACKAGES[a]} imports nothing of it" for a, b in sorted(arrows - imports)),
        *(
            f"{PACKAGES[a]} imports {PACKAGES[b]}, and no arrow leads there"
            for a, b in sorted(imports - reached(arrows))
        ),
    ]


def main() -> int:
    graph = grimp.build_graph("shared", "web", "cli", "workers")
    found = differences(drawn(DOCUMENT.read_text("utf-8")), imported(graph))
    for line in found:
        print(f"docs/architecture.md: {line}", file=sys.stderr)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
