"""Positions that grow by equal steps along each axis of what stands there: a view by strides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..program import CONSTANT, Node

__all__ = ["grid_of"]

_MANY = 2048
"""Entries from which on making a strided view takes less time than an index array."""


def grid_of(values: Node, index: Any) -> tuple[Node, int, tuple[int, ...]] | None:
    """The array that is raveled to `values`, and the first position and the steps along each of its axes.

    None where the positions have no such steps, or are few; an array that is only broadcast is left as it is.
    """
    if values.function is not np.reshape or values.ndim != 1 or index.function is not CONSTANT or values.size < _MANY:
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
