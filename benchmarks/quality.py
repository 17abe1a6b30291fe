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
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import rivals
from benchmarks.quality_library.build import COLLAGE, ORIGINAL, Library, build
from benchmarks.quality_library.edits import EDITS
from shared.domain.model import SAME_PICTURE, Alignment, Kind, Signals, Tier
from shared.domain.proposals import proposable
from workers.proof.evidence import gather
from workers.vision.decode import decode
from workers.vision.local import Local, loaded

SEED = 2024
_CLAIMS = SAME_PICTURE | {Kind.CONTAINED}
_MOST_PIXELS = 200_000_000

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
    right = [library.same(*pair) for pair in pairs if len(pair) == 2]
    return sum(right) / len(right) if right else 1.0


def _signals(match: dict[str, Any]) -> Signals:
    lies = match["alignment"]
    alignment = None if lies is None else Alignment(**(lies | {"matrix": tuple(lies["matrix"])}))
    return Signals(match["similarity"], Kind(match["kind"]), tier=Tier(match["tier"]), alignment=alignment)


def proposals(library: Library, found: dict[str, Any]) -> tuple[int, list[str], float]:
    """How many the default would delete, those of which nothing is left, and the share of members that fit."""
    gone, fits = set(), []
    for group in found["groups"]:
        keeper = Path(group["keeper"]).name
        for member in group["members"]:
            name = Path(member["path"]).name
            if Kind(member["kind"]) in _CLAIMS:
                fits.append(library.same(keeper, name))
            if proposable(_signals(member)):
                gone.add(name)
    left = library.pictures.keys() - gone
    lost = [name for name in gone if not any(library.same(name, other) for other in left)]
    return len(gone), lost, sum(fits) / max(1, len(fits))


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


def _compare(library: Library) -> None:
    print(f"\n{'tool':28} {'pairs':>7} {'precision':>9} {'all pairs':>9}")
    for tool in rivals.run(library.folder):
        pairs = {frozenset(Path(path).name for path in pair) for pair in tool.pairs}
        print(f"{tool.name:28} {len(pairs):7} {precision(library, pairs):9.3f} {all_pairs(library, pairs):9.3f}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--photographs", type=Path, default=Path("../shared/data/photos"))
    options.add_argument("--families", type=int, default=60)
    options.add_argument("--edits", type=int, default=16)
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = build(Path(folder) / "library", wanted.photographs, wanted.families, wanted.edits, SEED)
        print(f"{len(library.pictures)} files")
        begun = time.monotonic()
        found = scanned(library.folder, Path(folder) / "data")
        took, pairs = time.monotonic() - begun, claimed(found)
        by_edit = recall(library, pairs)
        deleted, lost, purity = proposals(library, found)
        _print_recall(by_edit)
        _compare(library)
        result = {
            "recall": {edit: round(hits / of, 4) for edit, (hits, of) in sorted(by_edit.items())},
            "recall_all_pairs": round(all_pairs(library, pairs), 4),
            "precision": round(precision(library, pairs), 4),
            "purity": round(purity, 4),
            "proposed": deleted,
            "loss": len(lost),
            "ms_per_proof": round(ms_per_proof(library), 2),
            "scan_s": round(took, 1),
        }
        print(json.dumps(result))


if __name__ == "__main__":
    main()
