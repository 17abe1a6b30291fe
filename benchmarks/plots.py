"""The plots of docs/comparison.md and docs/matching.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

mpl.rcParams["svg.hashsalt"] = "lookalike"  # the same figures give the same file


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


def recall(found: dict[str, float], aims: dict[str, float], path: Path) -> None:
    """A bar for each edit, the least found first; a stroke where the aim lies."""
    figure, axes = plt.subplots(figsize=(8, 7.2), layout="constrained")
    edits = sorted(found, key=lambda edit: (-found[edit], edit), reverse=True)
    shown = ["#3b7ddd" if found[edit] >= aims[edit] else "#d9822b" for edit in edits]
    axes.barh(edits, [found[edit] for edit in edits], color=shown, height=0.7)
    axes.scatter([aims[edit] for edit in edits], edits, marker="|", color="black", s=60, label="aim")
    axes.invert_yaxis()
    axes.set(xlabel="share found with their original (orange: below the aim)", xlim=(0, 1.01))
    axes.margins(y=0.01)
    axes.tick_params(axis="y", labelsize=8)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0, 1.06))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def calibration(points: list[tuple[float, float, int]], path: Path) -> None:
    """What was true against the probability that was told; the nearer the diagonal, the better."""
    figure, axes = plt.subplots(figsize=(4.6, 4.4), layout="constrained")
    axes.plot([0, 1], [0, 1], ":", color="gray")
    axes.plot([said for said, _, _ in points], [true for _, true, _ in points], marker="o", color="#3b7ddd")
    for said, true, count in points:
        axes.annotate(f"{count:,}", (said, true), xytext=(6, -10), textcoords="offset points", fontsize=8)
    axes.set(xlabel="probability told", ylabel="share that showed one picture", xlim=(-0.02, 1.12), ylim=(-0.05, 1.05))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
