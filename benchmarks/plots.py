"""The plots of docs/comparison.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt


def growth(points: list[dict[str, float]], path: Path) -> None:
    """Seconds and memory against the number of rows, with the extrapolation to a million."""
    figure, (time, memory) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    rows = [point["rows"] for point in points]
    for step in ("fit", "project", "join", "seconds"):
        name = "all" if step == "seconds" else step
        time.loglog(rows, [point[step] for point in points], marker="o", markersize=3, label=name)
    million = 60 * points[-1]["million_minutes"]
    time.loglog([rows[-1], 1e6], [points[-1]["seconds"], million], ":", color="gray", label="extrapolated")
    time.set(xlabel="images", ylabel="seconds, two workers", title="Time")
    time.legend(frameon=False, fontsize=8)
    memory.semilogx(rows, [point["peak_rss_mb"] for point in points], marker="o", markersize=3)
    memory.set(xlabel="images", ylabel="peak MB a worker", title="Memory", ylim=(0, None))
    figure.savefig(path)
    plt.close(figure)


def peers(report: dict[str, Any], path: Path) -> None:
    """How many times sooner than each peer."""
    names = {
        "vs_numpy": "NumPy, 20,000",
        "vs_faiss": "FAISS, 20,000",
        "vs_faiss_50k": "FAISS, 50,000",
        "hamming_vs_faiss_64": "FAISS, hashes of 64 bits",
        "hamming_vs_faiss_256": "FAISS, hashes of 256 bits",
    }
    figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
    bars = axes.barh(list(names.values()), [report[name] for name in names])
    axes.bar_label(bars, fmt="%.1f times")
    axes.invert_yaxis()
    axes.set(xlabel="times as fast")
    axes.margins(x=0.15)
    figure.savefig(path)
    plt.close(figure)
