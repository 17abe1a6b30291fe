"""How many copies are found, how many matches are right, and whether the default proposal would lose a picture.

    make bench-quality [FAMILIES=60]

Builds a library of made edits (benchmarks.quality_library), scans it with the preset thorough as anybody would, and
does the same with other tools where they are installed. The last line is JSON: ``recall`` (by edit), ``precision``,
``loss``, ``ms_per_proof``, and more.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, plots, rivals
from benchmarks.quality_library.build import COLLAGE, FAMILIES, ORIGINAL, SEED, Library, build
from benchmarks.quality_library.edits import EDITS
from shared.domain.model import SAME_PICTURE, Alignment, Kind, Signals, Tier
from shared.domain.proposals import proposable
from workers.proof.evidence import gather
from workers.vision.decode import decode
from workers.vision.local import Local, loaded

_CLAIMS = SAME_PICTURE | {Kind.CONTAINED}
_MOST_PIXELS = 200_000_000
_BINS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.0)
_PLOTS = Path(__file__).parents[1] / "docs/images"

Pair = frozenset[str]


def scanned(folder: Path, data: Path) -> dict[str, Any]:
    """The JSON result of the product itself."""
    output = data.with_suffix(".json")
    command = [sys.executable, "-m", "cli.main", "scan", str(folder), "--preset", "thorough", "--output", str(output)]
    subprocess.run(command, check=True, env=os.environ | {"LOOKALIKE_DATA": str(data)}, stdout=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads(output.read_text())
    return found


def claimed(found: dict[str, Any]) -> set[Pair]:
    """The pairs that are said to show one picture, by name."""
    pairs = (p for p in found["pairs"] if Kind(p["kind"]) in _CLAIMS)
    return {frozenset((Path(p["a"]).name, Path(p["b"]).name)) for p in pairs}


def equal_bytes(library: Library) -> dict[str, str]:
    """The first file of the same bytes, for each: a result pairs the others with it alone."""
    first: dict[bytes, str] = {}
    return {name: first.setdefault((library.folder / name).read_bytes(), name) for name in sorted(library.pictures)}


def recall(library: Library, pairs: set[Pair]) -> dict[str, tuple[int, int]]:
    """By edit: how many are matched with their original, and of how many."""
    same = equal_bytes(library)
    known = {frozenset(same[name] for name in pair) for pair in pairs}
    originals = {next(iter(p.shows)): name for name, p in library.pictures.items() if p.edit == ORIGINAL}
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, picture in library.pictures.items():
        for shown in picture.shows & originals.keys():
            if picture.edit in (*EDITS, COLLAGE):
                pair = frozenset((same[name], same[originals[shown]]))
                found[picture.edit][0] += len(pair) == 1 or pair in known
                found[picture.edit][1] += 1
    return {edit: (hits, of) for edit, (hits, of) in found.items()}


def all_pairs(library: Library, pairs: set[Pair]) -> float:
    """The share of all pairs of all families, edit against edit, that are matched; collages apart."""
    same, families = equal_bytes(library), defaultdict(set)
    known = {frozenset(same[name] for name in pair) for pair in pairs}
    for name, picture in library.pictures.items():
        if picture.edit != COLLAGE and not picture.decoy:
            families[next(iter(picture.shows))].add(same[name])
    wanted = [frozenset(pair) for some in families.values() for pair in itertools.combinations(sorted(some), 2)]
    return sum(pair in known for pair in wanted) / len(wanted)


def precision(library: Library, pairs: Iterable[Pair]) -> float:
    """The share of these pairs that do show one photograph; 1 of none."""
    right = [library.same(*pair) for pair in pairs if len(pair) == 2 and not library.undecided(*pair)]
    return sum(right) / len(right) if right else 1.0


def _signals(match: dict[str, Any]) -> Signals:
    lies = match["alignment"]
    alignment = None if lies is None else Alignment(**(lies | {"matrix": tuple(lies["matrix"])}))
    return Signals(match["similarity"], Kind(match["kind"]), tier=Tier(match["tier"]), alignment=alignment)


def proposals(library: Library, found: dict[str, Any]) -> tuple[set[str], list[str], float]:
    """What the default would delete, those of which nothing is left, and the share of members that fit."""
    gone, fits = set[str](), []
    for group in found["groups"]:
        keeper = Path(group["keeper"]).name
        for member in group["members"]:
            name = Path(member["path"]).name
            if Kind(member["kind"]) in _CLAIMS and not library.undecided(keeper, name):
                fits.append(library.same(keeper, name))
            if proposable(_signals(member)):
                gone.add(name)
    return gone, lost(library, gone), sum(fits) / max(1, len(fits))


def lost(library: Library, gone: set[str]) -> list[str]:
    """Those of the deleted that no file left standing shows."""
    left = library.pictures.keys() - gone
    return [name for name in gone if not any(library.same(name, other) for other in left)]


def deleted_by(pairs: set[Pair]) -> set[str]:
    """What goes where the first by name of all that match is kept: what tools offer that know pairs alone."""
    others: dict[str, set[str]] = defaultdict(set)
    for a, b in (tuple(pair) for pair in pairs if len(pair) == 2):
        others[a].add(b)
        others[b].add(a)
    gone: set[str] = set()
    for name in sorted(others):
        if name not in gone:
            gone |= others[name]
    return gone


def calibration(library: Library, found: dict[str, Any]) -> list[tuple[float, float, int]]:
    """Of the pairs of each range of probability: what was said, what was true, and how many; equal pixels apart."""
    proven = {Kind.EXACT, Kind.SAME_PIXELS}
    pairs = [(p["similarity"], Path(p["a"]).name, Path(p["b"]).name) for p in found["pairs"] if p["kind"] not in proven]
    said = [(chance, library.same(a, b)) for chance, a, b in pairs if not library.undecided(a, b)]
    chance, true = np.array([chance for chance, _ in said]), np.array([right for _, right in said])
    points = []
    for low, high in itertools.pairwise(_BINS):
        some = (chance >= low) & ((chance < high) | (high == 1.0))
        if some.any():
            points.append((round(float(chance[some].mean()), 4), round(float(true[some].mean()), 4), int(some.sum())))
    return points


def ms_per_proof(library: Library, count: int = 400) -> float:
    """The median processor time of a proof, over pairs as candidates are: one in three right."""
    random, names = np.random.default_rng(SEED), sorted(library.pictures)
    pictures = {name: _local(library.folder / name) for name in random.choice(names, 120, replace=False)}
    spent = []
    for a, b in itertools.islice(itertools.combinations(pictures, 2), 4 * count):
        if library.same(a, b) or random.random() < 0.2:
            begun = time.process_time()
            gather(pictures[a], pictures[b], None)
            spent.append(time.process_time() - begun)
    return float(np.median(spent)) * 1000


def _local(path: Path) -> Local:
    found = decode(path.read_bytes(), None, _MOST_PIXELS, True)
    if found.local is None:
        raise ValueError("no local features")
    return loaded(found.local, (found.width, found.height))


def _print_recall(found: dict[str, tuple[int, int]]) -> None:
    print(f"{'edit':18} {'found':>6} {'of':>5} {'aim':>6}")
    for edit, (hits, of) in sorted(found.items(), key=lambda item: item[1][0] / item[1][1]):
        aim = 0.9 if edit == COLLAGE else EDITS[edit].aim
        print(f"{edit:18} {hits / of:6.3f} {of:5} {aim:6.2f}{'' if hits / of >= aim else '  missed'}")


def _row(library: Library, tool: rivals.Found, gone: set[str] | None = None) -> dict[str, Any]:
    """One line of the table; ``gone`` is what the tool would delete, where it says so itself."""
    pairs = {frozenset(Path(path).name for path in pair) for pair in tool.pairs}
    by_edit, gone = recall(library, pairs), deleted_by(pairs) if gone is None else gone
    return {
        "tool": tool.name,
        "seconds": round(tool.seconds, 1),
        "peak_mb": round(tool.peak_mb),
        "pairs": len(pairs),
        "precision": round(precision(library, pairs), 4),
        "recall": round(sum(hits for hits, _ in by_edit.values()) / sum(of for _, of in by_edit.values()), 4),
        "recall_all_pairs": round(all_pairs(library, pairs), 4),
        "deleted": len(gone),
        "loss": len(lost(library, gone)),
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    heads = {name: name.replace("recall_all_pairs", "all_pairs") for name in rows[0]}
    print()
    for row in (heads, *rows):
        tool, *cells = row.values()
        print(f"{tool:18}" + "".join(f"{cell:>10}" for cell in cells))


def _measured(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    library = build(folder / "library", wanted.photographs, wanted.families, wanted.edits, SEED)
    print(f"{len(library.pictures)} files, {wanted.families} photographs edited; {machine.description()}")
    begun = time.monotonic()
    found = scanned(library.folder, folder / "data")
    took, pairs = time.monotonic() - begun, claimed(found)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    by_edit = recall(library, pairs)
    gone, missing, purity = proposals(library, found)
    _print_recall(by_edit)
    ours = rivals.Found("lookalike", frozenset((Path(a), Path(b)) for a, b in map(sorted, pairs)), took, peak_mb)
    rows = [_row(library, ours, gone), *(_row(library, tool) for tool in rivals.run(library.folder))]
    _print_table(rows)
    return {
        "recall": {edit: round(hits / of, 4) for edit, (hits, of) in sorted(by_edit.items())},
        "recall_all_pairs": round(all_pairs(library, pairs), 4),
        "precision": round(precision(library, pairs), 4),
        "purity": round(purity, 4),
        "proposed": len(gone),
        "loss": len(missing),
        "ms_per_proof": round(ms_per_proof(library), 2),
        "scan_s": round(took, 1),
        "calibration": calibration(library, found),
        "tools": rows,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--photographs", type=Path, default=Path("../shared/data/photos"))
    options.add_argument("--families", type=int, default=FAMILIES)
    options.add_argument("--edits", type=int, default=16)
    options.add_argument("--plots", type=Path, default=_PLOTS, help="the folder that the plots are written to")
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = _measured(Path(folder), wanted)
    aims = {edit: 0.9 if edit == COLLAGE else EDITS[edit].aim for edit in result["recall"]}
    plots.recall(result["recall"], aims, wanted.plots / "quality-recall.svg")
    plots.calibration(result["calibration"], wanted.plots / "quality-calibration.svg")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
