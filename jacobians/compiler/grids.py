"""Positions that grow by equal steps along each axis of what stands there: a view by strides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..program import CONSTANT, Node
from .boxes import box_text

__all__ = ["grid_of"]

_MANY = 2048
"""Entries from which on making a strided view takes less time than an index array."""


def grid_of(values: Node, index: Any, shape: tuple[int, ...]) -> tuple[Node, int, tuple[int, ...]] | None:
    """The array that is raveled to `values`, and the first position and the steps along each of its axes.

    None where the positions have no such steps, or are few and no box of an array of this shape; an array that is only
    broadcast is left as it is.
    """
    if values.function is not np.reshape or values.ndim != 1 or index.function is not CONSTANT:
        return None
    core = values.args[0]
    if core.ndim < 2 or values.args[2:] or values.kwargs:
        return None
    positions = index.args[0].reshape(core.shape)
    start = int(positions.flat[0])
    ones = [tuple([int(n == axis) for n in range(core.ndim)]) for axis in range(core.ndim)]
    steps = tuple([int(positions[one]) - start if size > 1 else 0 for one, size in zip(ones, core.shape, strict=True)])
    last = start + sum([step * (n - 1) for step, n in zip(steps, core.shape, strict=True)])
    if min(steps) < 0 or positions.flat[-1] != last or not _has_steps(positions, steps):
        return None
    if core.size < _MANY and box_text(start, steps, core.shape, shape) is None:
        return None
    while core.function is np.broadcast_to and core.args[0].ndim == core.ndim:
        core = core.args[0]
    return core, start, steps


def _has_steps(positions: np.ndarray, steps: Sequence[int]) -> bool:
    """Whether positions grow by these steps along their axes."""
    for step in steps:
        if not np.all(positions[1:] - positions[:-1] == step):
            return False
        positions = positions[0]
    return True
