"""Sums with a diagonal, from others that have it already.

    (a + b) + diagonal, where a + diagonal is known      becomes      (a + diagonal) + b

The Jacobian of a network that adds to its state is such a sum for each layer: the diagonal enters once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import embed
from ...program import Node
from .moves import is_plain
from .rewriting import Builder, Rule

__all__ = ["FINAL"]


def _with_diagonal(builder: Builder, node: Node) -> Node | None:
    for total, diagonal in (node.args, node.args[::-1]):
        if not is_plain(total, diagonal) or diagonal.function is not embed or node.kwargs or total.kwargs:
            continue
        if total.function not in (np.add, np.subtract) or not is_plain(*total.args) or total.shape != node.shape:
            continue
        a, b = total.args
        for first, second in ((a, b), (b, a)) if total.function is np.add else ((a, b),):
            known = builder.known(np.add, first, diagonal) or builder.known(np.add, diagonal, first)
            if known is not None and known.shape == second.shape == node.shape:
                return builder.call(total.function, known, second)
    return None


FINAL: dict[Any, Sequence[Rule]] = {np.add: (_with_diagonal,)}
