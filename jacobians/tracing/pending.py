"""`Pending`: a traced value that is computed when somebody asks for it.

Large results of functions that cost no more than the memory they fill wait for the next operation. If that is a sum,
they are never made as a whole; else they are written over what they are made of, where nobody else holds that. At most
one waits at a time, so that what it is made of is not kept for long.
"""

from __future__ import annotations

from math import prod
from typing import Any
from weakref import ref

import numpy as np

from ..postponed import Postponed
from .levels import Level
from .recorded import Recorded
from .traced import Traced

__all__ = ["Pending"]


class Pending(Traced):
    """A traced value whose numbers wait; it becomes a `Traced` when they are asked for. `_state` is its `Postponed`."""

    __slots__ = ()
    waits = True

    def __init__(self, level: Level, state: Postponed, vertex: int) -> None:
        self.level, self._state, self.vertex = level, state, vertex
        level.waiting = ref(self)

    @property
    def value(self) -> Any:  # type: ignore[override]
        self.settle()
        return self.value

    @property
    def shape(self) -> tuple[int, ...]:
        return self._state.shape

    @property
    def ndim(self) -> int:
        return len(self._state.shape)

    @property
    def size(self) -> int:
        return prod(self._state.shape)

    @property
    def dtype(self) -> np.dtype:
        return self._state.dtype

    def settled(self) -> Traced:
        self.settle()
        return self.settled()

    def settle(self) -> None:
        """Compute the value."""
        made = self._state.made(in_place=self.level.overwritten is None)
        del self._state
        self.__class__ = Traced  # type: ignore[assignment]
        self.value = made  # type: ignore[misc]


Recorded.late = Pending
