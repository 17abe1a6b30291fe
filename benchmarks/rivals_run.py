"""One other tool over one folder: ``python rivals_run.py TOOL FOLDER`` prints JSON. Runs in the tools' environment.

Each is asked in the way its own documentation shows, with its own default threshold; hashes that come without a
search are compared all with all. The seconds that its import takes are told, so that they need not be counted.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

TOOLS = ("imagededup-phash", "imagededup-dhash", "difpy", "pdqhash", "imagehash", "findimagedupes")
_IMAGEHASH_BITS = 10  # of 64: what imagededup takes by default
_PDQ_BITS = 31  # of 256, and a quality of 50: what its authors recommend
_PDQ_QUALITY = 50
Pairs = set[tuple[str, str]]


def main() -> None:
    tool, folder = sys.argv[1], Path(sys.argv[2])
    begun = time.perf_counter()
    find = _PREPARE[tool.split("-")[0]](tool)
    imported = time.perf_counter() - begun
    pairs = sorted(find(folder))
    usage = max(_own_peak_kb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print(json.dumps({"pairs": pairs, "import_s": imported, "peak_kb": usage}))


def _own_peak_kb() -> int:
    """Linux's VmHWM: rusage would tell the size of the process that started this one, if that was larger."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0])


def _ordered(pairs: Iterable[tuple[object, object]]) -> Pairs:
    return {(min(str(a), str(b)), max(str(a), str(b))) for a, b in pairs if str(a) != str(b)}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _imagededup(tool: str) -> object:
    from imagededup.methods import DHash, PHash

    method = (PHash if tool.endswith("phash") else DHash)(verbose=False)

    def find(folder: Path) -> Pairs:
        found = method.find_duplicates(image_dir=folder, recursive=True)
        return _ordered((folder / a, folder / b) for a, others in found.items() for b in others)

    return find


def _difpy(_: str) -> object:
    import difPy

    def find(folder: Path) -> Pairs:
        searched = difPy.search(
            difPy.build(str(folder), show_progress=False), similarity="similar", show_progress=False
        )
        return _ordered((a, match[0]) for a, matches in searched.result.items() for match in matches)

    return find


def _pdqhash(_: str) -> object:
    import numpy as np
    import pdqhash
    from PIL import Image

    def hashes(path: Path) -> object:
        try:
            with Image.open(path) as image:
                turned, quality = pdqhash.compute_dihedral(np.asarray(image.convert("RGB")))
        except (OSError, ValueError):
            return None
        return np.packbits(np.array(turned, bool), axis=1) if quality >= _PDQ_QUALITY else None

    def find(folder: Path) -> Pairs:
        known = {path: found for path in _files(folder) if (found := hashes(path)) is not None}
        paths, every = list(known), np.array(list(known.values()))
        found = []
        for n, path in enumerate(paths):
            bits = np.bitwise_count(every[n + 1 :, :1] ^ every[n]).sum(axis=2, dtype=np.int64).min(axis=1, initial=256)
            found += [(path, paths[n + 1 + m]) for m in np.flatnonzero(bits <= _PDQ_BITS)]
        return _ordered(found)

    return find


def _imagehash(_: str) -> object:
    import imagehash
    import numpy as np
    from PIL import Image

    def hashed(path: Path) -> object:
        try:
            with Image.open(path) as image:
                return np.packbits(imagehash.phash(image).hash)
        except (OSError, ValueError):
            return None

    def find(folder: Path) -> Pairs:
        known = {path: found for path in _files(folder) if (found := hashed(path)) is not None}
        paths, every = list(known), np.array(list(known.values()))
        found = []
        for n, path in enumerate(paths):
            bits = np.bitwise_count(every[n + 1 :] ^ every[n]).sum(axis=1, dtype=np.int64)
            found += [(path, paths[n + 1 + m]) for m in np.flatnonzero(bits <= _IMAGEHASH_BITS)]
        return _ordered(found)

    return find


def _findimagedupes(_: str) -> object:
    def find(folder: Path) -> Pairs:
        done = subprocess.run(
            ["findimagedupes", "--recurse", "--quiet", "--", str(folder)], capture_output=True, text=True, check=False
        )
        # a group a line, paths between spaces: a path that holds " /" would be cut
        groups = [[f"/{path}" for path in f" {line}".split(" /")[1:]] for line in done.stdout.splitlines()]
        return _ordered((a, b) for group in groups for n, a in enumerate(group) for b in group[n + 1 :])

    return find


_PREPARE = {
    "imagededup": _imagededup,
    "difpy": _difpy,
    "pdqhash": _pdqhash,
    "imagehash": _imagehash,
    "findimagedupes": _findimagedupes,
}

if __name__ == "__main__":
    main()
