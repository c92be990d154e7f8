"""Arrays of positions as few runs, each a slice: the entries of a ring one place further are two.

What is read or written by slices takes a memory copy; by an array of positions it takes several times as long.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..program import CONSTANT, Node

__all__ = ["Run", "runs_of"]

_FEW = 6
"""Runs that positions have at most."""


class Run(NamedTuple):
    """Entries `first` to before `stop` of the positions, which are ``start, start + step, ...``."""

    first: int
    stop: int
    start: int
    step: int

    @property
    def slice(self) -> slice:
        """The positions; without a step where they are neighbours."""
        last = self.start + (self.stop - self.first - 1) * self.step
        return slice(self.start, last + 1, None if self.step == 1 else self.step)

    @property
    def text(self) -> str:
        """The positions as an index."""
        whole = self.slice
        return f"{whole.start}:{whole.stop}" + (f":{whole.step}" if whole.step else "")


def runs_of(index: Any) -> list[Run] | None:
    """The runs of a constant vector of positions that are not negative; None where they are many or go down."""
    if not (isinstance(index, Node) and index.function is CONSTANT):
        return None
    positions: np.ndarray = index.args[0]
    if positions.ndim != 1 or not positions.size or positions.dtype.kind not in "iu":
        return None
    steps = np.diff(positions)
    turns = np.flatnonzero(steps[1:] != steps[:-1])
    if len(turns) > 2 * _FEW or positions.min() < 0:
        return None
    ends = [*(turns + 1).tolist(), len(steps)]  # where each stretch of equal steps ends
    found: list[Run] = []
    first = 0
    while first < positions.size:
        stop = next((end for end in ends if end > first), first) + 1
        step = int(steps[first]) if stop - first > 1 else 1
        if step <= 0:
            if stop - first > 2:
                return None
            stop, step = first + 1, 1  # the last entry of a ring, before its first
        found.append(Run(first, stop, int(positions[first]), step))
        first = stop
    return found if len(found) <= _FEW else None
