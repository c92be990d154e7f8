"""A row of the test table: a call of one NumPy function on sample arrays, at which its derivative is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Row", "rows", "sample"]


@dataclass(frozen=True)
class Row:
    """One call to check, value and derivatives, against finite differences.

    Parameters
    ----------
    covers : callable
        The NumPy function that the row is about.
    call : callable
        Called with the arrays, each of which is differentiated.
    arrays : tuple of ndarray
        float64, deterministic, away from kinks.
    name : str
        What distinguishes this row from others of the same function.
    second : bool
        Whether the second derivative is checked, too.
    """

    covers: Any
    call: Callable[..., Any]
    arrays: tuple[np.ndarray, ...]
    name: str = ""
    second: bool = True

    def __str__(self) -> str:
        function = getattr(self.covers, "__name__", repr(self.covers))
        return f"{function}-{self.name}" if self.name else function


def rows(covers: Any, *calls: tuple[Callable[..., Any], tuple[np.ndarray, ...]], second: bool = True) -> list[Row]:
    """Rows of one function from pairs ``(call, arrays)``, numbered."""
    return [Row(covers, call, arrays, str(number), second) for number, (call, arrays) in enumerate(calls)]


def sample(*shape: int, low: float = -2.0, high: float = 2.0, seed: int = 0) -> np.ndarray:
    """Distinct numbers between two bounds, apart from each other and from the middle, in a fixed random order."""
    size = int(np.prod(shape))
    steps = (np.arange(size) + (0.31 if size % 2 else 0.47)) / max(size, 1)
    return low + (high - low) * np.random.default_rng(seed).permutation(steps).reshape(shape)
