"""Functions that are each other's slope, as sine and cosine: of one large array each is computed once.

The slope of ``sin(x)`` waits (see `late`). Where the function, or a derivative of it, computes ``cos(x)`` anyway, that
array is the slope, and a sine that is there already is the slope of the cosine, up to its sign. In second derivatives
they always meet. `Partners.meet` is told of each; it keeps no array alive.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from .late import Late

__all__ = ["PARTNERS", "Partners"]


PARTNERS = {np.sin: (np.cos, 1), np.cos: (np.sin, -1), np.sinh: (np.cosh, 1), np.cosh: (np.sinh, 1)}
"""A function -> its slope, as another function and a sign."""


class _Call(NamedTuple):
    """One call: its operand, its result, and its slope that waits."""

    operand: ref[np.ndarray]
    result: ref[np.ndarray]
    slope: ref[Late]


class Partners:
    """The calls of such functions on one level, the last of each array."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: dict[tuple[Any, int], _Call] = {}

    def meet(self, function: Any, operand: np.ndarray, result: np.ndarray, slope: Late) -> None:
        """Let a slope that waits rest on the result of the partner, and the slope of the partner on this result."""
        partner, sign = PARTNERS[function]
        known = self._calls.get((partner, id(operand)))
        if known is not None and known.operand() is operand:
            found, waiting = known.result(), known.slope()
            if found is not None:
                slope.rest_on(found, sign)
            if waiting is not None:
                waiting.rest_on(result, PARTNERS[partner][1])
        self._calls[function, id(operand)] = _Call(ref(operand), ref(result), ref(slope))
