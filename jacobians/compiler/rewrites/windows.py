"""Sums and extrema over neighbours, by doubling: those of 25 are made of those of 16, 8 and 1, in six calls.

x[:-24] + x[1:-23] + ... + x[24:]      becomes    two = x[:-1] + x[1:]; four = two[:-2] + two[2:]; ...
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...program import Node
from .rewriting import Builder

__all__ = ["MANY", "over_windows", "spread_out"]

MANY = 8
"""Neighbours from which on their sums are made by doubling."""


def over_windows(builder: Builder, x: Node, count: int, combined: Any = np.add) -> Node:
    """The sums over each `count` neighbours in a vector, or what another ufunc makes of them."""
    size, start, width = x.size - count + 1, 0, 1
    total: Node | None = None
    while True:
        if count & width:
            part = builder.call(operator.getitem, x, slice(start, start + size))
            total = part if total is None else builder.call(combined, total, part)
            start += width
        if 2 * width > count:
            assert total is not None
            return total
        left, right = slice(0, x.size - width), slice(width, x.size)
        x = builder.call(combined, *[builder.call(operator.getitem, x, part) for part in (left, right)])
        width *= 2


def spread_out(builder: Builder, x: Node, count: int) -> Node:
    """A vector that is added to an array of zeros `count` times, one place further each time."""
    zeros = builder.constant(np.zeros(count - 1, x.dtype))
    return over_windows(builder, builder.call(np.concatenate, [zeros, x, zeros]), count)
