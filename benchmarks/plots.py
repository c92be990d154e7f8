"""A picture of a run: how many times the expert's time each way takes, one line for each problem."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .records import Run
from .tables import best, ratio

__all__ = ["save_ratios"]

COLOURS = {"hand": "black", "ours": "tab:blue", "ours-compiled": "tab:red", "best peer": "tab:gray"}


def save_ratios(run: Run, path: Path) -> None:
    """Write a picture: the ratios to the expert of this library, eager and compiled, and of the best other library."""
    cases = [(case, rows) for case, rows in run.cases() if "hand" in rows and rows["hand"].seconds]
    figure = Figure(figsize=(8.5, 1.2 + 0.3 * len(cases)), layout="constrained")
    axes = figure.subplots()
    for height, (_, rows) in enumerate(cases):
        ways = {"ours": rows.get("ours"), "ours-compiled": rows.get("ours-compiled"), "best peer": best(rows)}
        for way, row in ways.items():
            found = ratio(row, rows["hand"])
            if found is not None and row is not None:
                axes.errorbar(found.median, height, xerr=found.spread, fmt="o", color=COLOURS[way], capsize=2)
                if way == "best peer":
                    axes.annotate(row.peer, (found.median, height), (6, -3), textcoords="offset points", fontsize=7)
    axes.axvline(1, color=COLOURS["hand"], linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(cases)), [f"{name} [{size}]" for (name, size), _ in cases], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("time / time of the derivative by hand (less is better)")
    axes.grid(axis="x", which="both", alpha=0.3)
    marks = [Line2D([], [], marker="o", linestyle="", color=COLOURS[way]) for way in list(COLOURS)[1:]]
    axes.legend(marks, list(COLOURS)[1:], loc="lower right", fontsize=8)
    figure.savefig(path, dpi=110)
