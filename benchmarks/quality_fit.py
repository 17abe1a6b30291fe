"""Fit the probability of workers.proof.verdict on made edits, and show how well it is calibrated.

    python -m benchmarks.quality_fit [--photographs DIR] [--write]

One half of the families is fitted, the other half tells how good it is. Nothing of the library that
benchmarks.quality measures with is used: neither its photographs nor its seed, and so no edit and no negative of it.
It takes six minutes on two cores.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import textwrap
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from benchmarks.quality_library import build as measured
from benchmarks.quality_library.build import ALIKE, COLLAGE, Library, build, photographs_of
from workers.proof import coefficients
from workers.proof.evidence import Evidence, gather
from workers.proof.verdict import ceiling, is_marked, mark_measures, measures, with_products
from workers.vision.decode import decode
from workers.vision.local import Local, loaded

SEED, FAMILIES, EDITS = 101, 400, 14
_MOST_PIXELS = 200_000_000
_RIDGE, _MARK_RIDGE = 1e-2, 1e-1
_COEFFICIENTS = Path(coefficients.__file__)

Sample = tuple[str, str, bool, bool, list[float]]
"""Two files, whether they show one photograph, whether they differ by marks, and the measures for that case."""


@cache
def _local(path: Path) -> Local:
    decoded = decode(path.read_bytes(), None, _MOST_PIXELS, True)
    if decoded.local is None:
        raise ValueError("no local features")
    return loaded(decoded.local, (decoded.width, decoded.height))


def pairs(library: Library, random: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Every pair of a family, its decoys included, and pairs that have nothing in common but how they were made."""
    made: dict[str, list[str]] = {}
    for name, picture in library.pictures.items():
        if picture.edit != COLLAGE:
            made.setdefault(name[:3] if name[0].isdigit() else picture.edit, []).append(name)
    for kind, names in made.items():
        if kind.isdigit() or kind in ALIKE:
            yield from itertools.combinations(names, 2)
    by_edit: dict[str, list[str]] = {}
    for name, picture in library.pictures.items():
        by_edit.setdefault(picture.edit, []).append(name)
    for names in by_edit.values():
        for _ in range(60):
            one, other = random.choice(names, 2)
            if one != other:
                yield str(one), str(other)


def _sampled(job: tuple[Path, list[tuple[str, str, bool]]]) -> list[Sample]:
    folder, some = job
    found = []
    for a, b, same in some:
        evidence: Evidence | None = gather(_local(folder / a), _local(folder / b), None)
        marked = evidence is not None and is_marked(evidence)
        if evidence is not None and not (marked and ceiling(evidence) < 1):  # what no measure can raise tells nothing
            found.append((a, b, same, marked, mark_measures(evidence) if marked else measures(evidence)))
    return found


def samples(library: Library) -> list[Sample]:
    """The measures of every pair whose pixels can be compared at all."""
    random = np.random.default_rng(SEED)
    jobs: dict[str, list[tuple[str, str, bool]]] = {}
    for a, b in (pair for pair in pairs(library, random) if not library.undecided(*pair)):
        jobs.setdefault(a[:2], []).append((a, b, library.same(a, b)))
    with ProcessPoolExecutor(2) as pool:
        found = pool.map(_sampled, [(library.folder, some) for some in jobs.values()])
        return [sample for part in found for sample in part]


def fitted(
    measured: np.ndarray[Any, Any], same: np.ndarray[Any, Any], ridge: float
) -> tuple[float, np.ndarray[Any, Any]]:
    """Bias and weights of a logistic regression with a small ridge."""
    weight = np.ones(len(same))
    middle, spread = measured.mean(axis=0), measured.std(axis=0) + 1e-9
    scaled = np.column_stack([(measured - middle) / spread, np.ones(len(measured))])
    sign = np.where(same, 1.0, -1.0)

    def loss(w: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        margin = sign * (scaled @ w)
        value = (weight * np.logaddexp(0, -margin)).sum() / weight.sum() + ridge * (w[:-1] ** 2).sum() / 100
        slope = scaled.T @ (-weight * sign / (1 + np.exp(margin))) / weight.sum()
        slope[:-1] += 2 * ridge * w[:-1] / 100
        return float(value), slope

    found = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / spread
    return float(found[-1] - weights @ middle), weights


def _report(chance: np.ndarray[Any, Any], same: np.ndarray[Any, Any]) -> None:
    claimed = chance >= 0.5
    print(f"claimed {claimed.sum()}: precision {same[claimed].mean():.4f}, recall {claimed[same].mean():.4f}")
    for low, high in itertools.pairwise((0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0001)):
        some = (chance >= low) & (chance < high)
        if some.sum():
            print(f"  said {chance[some].mean():.3f}, true {same[some].mean():.3f} of {some.sum()}")


def _coefficients(found: list[Sample], told: np.ndarray[Any, Any], ridge: float, prefix: str) -> str:
    """The lines of the file for these samples, after a report on one half by the other."""
    same = np.array([s[2] for s in found])
    half = np.array([int(s[0][:3]) % 2 == 0 if s[0][0].isdigit() else len(s[0]) % 2 == 0 for s in found])
    bias, weights = fitted(told[half], same[half], ridge)
    _report(1 / (1 + np.exp(-(bias + told[~half] @ weights))), same[~half])
    bias, weights = fitted(told, same, ridge)
    return f"{prefix}BIAS = {bias:.4g}\n" + _row(f"{prefix}WEIGHTS", weights)


def _row(name: str, values: np.ndarray[Any, Any]) -> str:
    lines = textwrap.wrap(", ".join(f"{value:.4g}" for value in values), 110)
    return f"{name} = (\n    " + "\n    ".join(lines) + ",\n)  # fmt: skip\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--photographs", type=Path, default=Path("../shared/data/photos"))
    options.add_argument("--write", action="store_true")
    wanted = options.parse_args()
    judged = photographs_of(wanted.photographs, np.random.default_rng(measured.SEED))[: measured.FAMILIES]
    with tempfile.TemporaryDirectory() as folder:
        library = build(Path(folder) / "library", wanted.photographs, FAMILIES, EDITS, SEED, without=judged)
        found = samples(library)
    text = _fitted_to([s for s in found if not s[3]], [s for s in found if s[3]])
    print(text)
    if wanted.write:
        head = _COEFFICIENTS.read_text().split("BIAS", 1)[0]
        _COEFFICIENTS.write_text(head + text)


def _fitted_to(plain: list[Sample], marked: list[Sample]) -> str:
    """The lines of the file."""
    marks = np.array([s[4] for s in marked])
    middle, spread = marks.mean(axis=0), marks.std(axis=0) + 1e-9
    scale = _row("MARK_MIDDLE", middle) + _row("MARK_SPREAD", spread)
    text = _coefficients(plain, np.array([s[4] for s in plain]), _RIDGE, "")
    return text + scale + _coefficients(marked, with_products(marks, middle, spread), _MARK_RIDGE, "MARK_")


if __name__ == "__main__":
    main()
