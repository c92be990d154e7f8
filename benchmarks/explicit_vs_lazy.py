"""Explicit against lazy Jacobians: time and memory against size, and where the two cross.

    python benchmarks/explicit_vs_lazy.py [--repeats 9] [--plot FILE]

Two functions, each at growing size:

- **blocks**: a network with respect to its batch of inputs. The Jacobian is block diagonal; explicit, it stays small.
- **full**: a chain of layers, narrow and wide in turns, with respect to its input vector. Every output depends on every
  input; explicit, the Jacobian grows with the square of the size, unless the library finds that a product of two thin
  matrices is smaller.

For each: bytes of the dense array and bytes held; seconds to build the explicit form; seconds of one product ``J @ h``
explicit and lazy; and the number of products from which building pays off. All works of a row run in turns, and the
median counts. Every product is compared with a central difference along h, in which no rule of the library takes part.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from jacobians.plotting import check_picture, draw_curves, new_figure
from jacobians.reports import BYTES, COLUMNS, TIMES, Comparison, compare, curves
from jacobians.reports.network import SIZES, network
from jacobians.reports.table import table

TOLERANCE = 1e-6


class Workload(NamedTuple):
    """A family of functions: ``make(size)`` gives a function and the shape of its argument."""

    name: str
    sizes: Sequence[int]
    make: Callable[[int], tuple[Callable[[Any], Any], tuple[int, ...]]]


def blocks(batch: int) -> tuple[Callable[[Any], Any], tuple[int, ...]]:
    """A 784-256-64-10 network with respect to a batch of inputs."""
    return network(), (batch, SIZES[0])


def full(size: int) -> tuple[Callable[[Any], Any], tuple[int, ...]]:
    """Six tanh layers, from size to size / 8 and back three times, with respect to the input."""
    generator = np.random.default_rng(size)
    widths = [size, size // 8] * 3 + [size]
    layers = [generator.standard_normal((m, n)) / np.sqrt(n) for n, m in pairwise(widths)]

    def forward(x: Any) -> Any:
        for W in layers:
            x = np.tanh(W @ x)
        return x

    return forward, (size,)


WORKLOADS = (Workload("blocks", (16, 64, 256, 1024), blocks), Workload("full", (256, 512, 1024, 2048), full))


def measure(workload: Workload, size: int, repeats: int) -> Comparison:
    """One row of a table, refused if a product is wrong."""
    f, shape = workload.make(size)
    row = compare(f, np.random.default_rng(1).standard_normal(shape), repeats=repeats)
    if row.difference > TOLERANCE:
        raise ArithmeticError(f"{workload.name} {size}: J @ h is {row.difference:.1e} from the central difference")
    return row


def show(workload: Workload, rows: Sequence[Comparison]) -> str:
    """The table of one workload."""
    lines = [[str(size), *row.cells, f"{row.difference:.0e}"] for size, row in zip(workload.sizes, rows, strict=True)]
    return f"{workload.name}: {workload.make.__doc__}\n{table(['size', *COLUMNS, 'difference'], lines)}"


def draw(path: str, results: Sequence[tuple[Workload, Sequence[Comparison]]]) -> None:
    """Time and memory of every workload, side by side."""
    figure = new_figure(2 * len(results))
    for n, (workload, rows) in enumerate(results):
        time, memory = figure.axes[2 * n : 2 * n + 2]
        name, sizes = workload.name, workload.sizes
        draw_curves(time, sizes, curves(rows, TIMES), xlabel="size", ylabel="seconds", title=f"{name}: time")
        draw_curves(memory, sizes, curves(rows, BYTES), xlabel="size", ylabel="bytes held", title=f"{name}: memory")
    figure.savefig(path, dpi=120)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description="Explicit against lazy Jacobians: time, memory, and where they cross.")
    parser.add_argument("--repeats", type=int, default=9, help="runs of which the median counts (default 9)")
    parser.add_argument("--plot", metavar="FILE", help="also draw into this .png, .svg or .pdf file")
    arguments = parser.parse_args(argv)
    if arguments.plot:
        try:
            check_picture(arguments.plot)
            new_figure()  # tells now whether Matplotlib is there
        except (ValueError, ImportError) as error:
            parser.exit(2, f"{parser.prog}: {error}\n")
    results = []
    for workload in WORKLOADS:
        rows = []
        for size in workload.sizes:
            print(f"{workload.name} {size}", file=sys.stderr, flush=True)
            rows.append(measure(workload, size, arguments.repeats))
        results.append((workload, rows))
        print(show(workload, rows), end="\n\n", flush=True)
    if arguments.plot:
        draw(arguments.plot, results)
        print(f"Picture: {arguments.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
