"""Explicit against lazy: the Jacobian of a network with respect to its batch of inputs, while the batch grows.

Each example depends on its own input only, so that the Jacobian, of shape (batch, 10, batch, 784), is block diagonal.
Explicit, it holds the blocks; lazy, it holds the graph and runs it for every product. `network_report()` measures both
and returns a `NetworkReport`, which prints itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..errors import format_bytes
from ..transforms import jacobian
from .comparison import COLUMNS, Comparison, compare
from .table import Progress, silent, table

__all__ = ["BATCHES", "MEMORY_LIMIT", "SIZES", "NetworkReport", "network", "network_report"]

SIZES = (784, 256, 64, 10)
BATCHES = (16, 64, 256, 1024)
MEMORY_LIMIT = 64_000_000


def network(seed: int = 0) -> Callable[[Any], Any]:
    """A network with layers tanh, relu and linear, and random weights of variance 1 / inputs.

    Examples
    --------
    >>> network()(np.zeros((5, 784))).shape
    (5, 10)
    """
    generator = np.random.default_rng(seed)
    widths = list(pairwise(SIZES))
    W1, W2, W3 = (generator.standard_normal((rows, columns)) / np.sqrt(rows) for rows, columns in widths)
    b1, b2, b3 = (0.1 * generator.standard_normal(columns) for _, columns in widths)

    def forward(X: Any) -> Any:
        first = np.tanh(X @ W1 + b1)
        second = np.maximum(first @ W2 + b2, 0)
        return second @ W3 + b3

    return forward


class NetworkReport(NamedTuple):
    """Explicit against lazy for growing batches.

    Attributes
    ----------
    batches : tuple of int
    comparisons : list of Comparison
        One per batch.
    automatic : list of str
        What mode="auto" settles for under the memory limit, once the terms are needed.
    memory_limit : int
        Bytes.
    """

    batches: tuple[int, ...]
    comparisons: list[Comparison]
    automatic: list[str]
    memory_limit: int

    def __str__(self) -> str:
        lines = [
            [str(batch), *row.cells, automatic]
            for batch, row, automatic in zip(self.batches, self.comparisons, self.automatic, strict=True)
        ]
        difference = max(row.difference for row in self.comparisons)
        return (
            f"Y = network(X), layers {' - '.join(map(str, SIZES))}; J = dY/dX of shape (batch, 10, batch, 784).\n"
            f"Structure: {self.comparisons[-1].structure}\n\n"
            f"{table(['batch', *COLUMNS, 'auto'], lines)}\n\n"
            "dense: bytes of the dense array; explicit, lazy: bytes held; pays off from: the number of products from\n"
            "which building is cheaper; auto: what mode='auto' settles for when it is asked for the blocks under a\n"
            f"memory limit of {format_bytes(self.memory_limit)} for the result and the largest intermediate.\n"
            f"J @ h differs from central differences by {difference:.1e}, relatively."
        )


def network_report(
    batches: Sequence[int] = BATCHES, *, repeats: int = 3, memory_limit: int = MEMORY_LIMIT, progress: Progress = silent
) -> NetworkReport:
    """Compare explicit with lazy for growing batches.

    Parameters
    ----------
    batches : sequence of int
    repeats : int
        As for `compare`.
    memory_limit : int
        Bytes, for mode="auto".
    progress : callable, optional
        Called with a message before each batch.
    """
    f = network()
    comparisons: list[Comparison] = []
    automatic: list[str] = []
    for batch in batches:
        progress(f"network: batch {batch}")
        X = np.random.default_rng(batch).standard_normal((batch, SIZES[0]))
        comparisons.append(compare(f, X, repeats=repeats))
        undecided = jacobian(f, mode="auto", memory_limit=memory_limit)(X)
        _ = undecided.diagonal_blocks(0)  # the first request that needs the terms decides
        automatic.append(undecided.mode)
    return NetworkReport(tuple(batches), comparisons, automatic, memory_limit)
