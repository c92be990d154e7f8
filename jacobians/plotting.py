"""Pictures: where a Jacobian is not zero, and how costs grow.

- `draw_pattern(axes, matrix)`: the density of a sparse matrix's entries, also where one pixel holds thousands.
- `draw_curves(axes, x, curves)`: several quantities against size, both axes logarithmic.
- `new_figure(panels)` and `check_picture(path)`: a Matplotlib figure without global state, and an early word about a
  file that could not be written.

Matplotlib is imported when the first figure is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["check_picture", "draw_curves", "draw_pattern", "new_figure"]

FORMATS = (".pdf", ".png", ".svg")
INK = "Blues"


def new_figure(panels: int = 1, *, width: float = 5.0, height: float = 4.2) -> Any:
    """A Matplotlib figure with panels side by side, in ``figure.axes``.

    Parameters
    ----------
    panels : int
    width, height : float
        Of one panel, in inches.

    Raises
    ------
    ImportError
        If Matplotlib is not installed; it names the command that installs it.
    """
    try:
        module = import_module("matplotlib.figure")
    except ImportError as error:
        raise ImportError("Pictures need Matplotlib: pip install 'jacobians[plot]'") from error
    figure = module.Figure(figsize=(width * panels, height), layout="constrained")
    figure.subplots(1, panels)
    return figure


def check_picture(path: str | Path) -> Path:
    """The path of a picture, or an error now rather than after the work.

    Raises
    ------
    ValueError
        If the name does not end as a picture, or its folder does not exist.

    Examples
    --------
    >>> check_picture("cost.txt")
    Traceback (most recent call last):
    ValueError: cost.txt: a picture ends in .pdf, .png or .svg.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path}: a picture ends in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}.")
    return path


def draw_pattern(axes: Any, matrix: Any, *, title: str = "", bins: int = 300) -> None:
    """Draw where a sparse matrix stores entries, darker where there are more of them.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    matrix : SciPy sparse array, shape (m, n)
    title : str
    bins : int
        Pixels along each side, at most; a matrix with fewer rows or columns gets a pixel each.
    """
    rows, columns = matrix.shape
    entries = matrix.tocoo()
    across = [np.linspace(-0.5, size - 0.5, min(size, bins) + 1) for size in (rows, columns)]
    counts, _, _ = np.histogram2d(entries.row, entries.col, bins=across)
    shade = np.log1p(np.ma.masked_equal(counts, 0))
    axes.imshow(
        shade,
        cmap=INK,
        vmin=-0.7 * float(shade.max() or 1),  # one entry is visible, too
        extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_title(title)
    axes.set_xlabel("input")
    axes.set_ylabel("output")


def draw_curves(
    axes: Any, x: Sequence[float], curves: Mapping[str, Sequence[float]], *, xlabel: str, ylabel: str, title: str = ""
) -> None:
    """Draw several quantities against size, both axes logarithmic.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    x : sequence of float
    curves : mapping of str to sequence of float
        Name -> values, one per x.
    xlabel, ylabel, title : str
    """
    for (name, values), marker in zip(curves.items(), "os^Dvx+*" * (1 + len(curves) // 8), strict=False):
        axes.plot(x, values, marker=marker, label=name)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(list(x), [f"{value:g}" for value in x])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.legend()
