"""``python -m jacobians``: what the library does, on three small studies, in a few seconds.

The affine lesson; explicit against lazy for a network; the sparse Jacobian of a bundle adjustment. With ``--plot FILE``
the last two are drawn as well. Results go to standard output, progress to standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from .checking import numerical_columns
from .plotting import check_picture, draw_curves, draw_pattern, new_figure
from .reports import (
    BYTES,
    TIMES,
    BundleReport,
    NetworkReport,
    affine_lesson,
    bundle_report,
    curves,
    load_problem,
    network_report,
)

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the three studies; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m jacobians", description="Three small studies with Jacobians.")
    parser.add_argument("--plot", metavar="FILE", help="also draw pictures into this .png, .svg or .pdf file")
    arguments = parser.parse_args(argv)
    path, figure = _canvas(parser, arguments.plot)
    start = perf_counter()

    def progress(message: str) -> None:
        print(f"[{perf_counter() - start:5.1f} s] {message}", file=sys.stderr, flush=True)

    _section("1. A gradient, as a formula and as numbers", affine_lesson())
    network = network_report(progress=progress)
    _section("2. Explicit against lazy: the Jacobian of a network at growing batch", network)
    bundle = bundle_report(load_problem(), numerical_columns, progress=progress)
    _section("3. Sparse: the Jacobian of a bundle adjustment", bundle)
    if path:
        progress(f"drawing {path}")
        _draw(figure, network, bundle)
        figure.savefig(path, dpi=150)
        print(f"Pictures: {path}")
    return 0


def _canvas(parser: argparse.ArgumentParser, name: str | None) -> tuple[Path | None, Any]:
    """Where to draw and on what, refused before the work rather than after it."""
    if name is None:
        return None, None
    try:
        return check_picture(name), new_figure(3)
    except (ValueError, ImportError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


def _section(title: str, body: object) -> None:
    print(f"{title}\n{'=' * len(title)}\n{body}\n", flush=True)


def _draw(figure: Any, network: NetworkReport, bundle: BundleReport) -> None:
    time, memory, pattern = figure.axes
    batches, rows = network.batches, network.comparisons
    draw_curves(time, batches, curves(rows, TIMES), xlabel="batch", ylabel="seconds", title="Network: time")
    draw_curves(memory, batches, curves(rows, BYTES), xlabel="batch", ylabel="bytes held", title="Network: memory")
    draw_pattern(pattern, bundle.matrix, title=f"Bundle adjustment: {bundle.matrix.nnz:,} entries")


if __name__ == "__main__":
    sys.exit(main())
