"""What a kernel is: one call of NumPy on views of two arrays.

- `Kernel`: the call, and the order of the axes of its result; `swapped`, with the arrays in the other order.
- `looped`: einsum's own loop, which reads and writes once.
- `called`: any other call, on arrays that are seen in another shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from string import ascii_letters
from typing import Any, NamedTuple

import numpy as np
from numpy._core import multiarray

from .views import View

__all__ = ["Kernel", "Numbers", "called", "looped", "size_of", "swapped"]

Numbers = tuple[int, ...]

_einsum = getattr(multiarray, "c_einsum", np.einsum)
"""The loop of `np.einsum` itself, for ndarrays alone: 1.4 against 2.3 for the function of Python around it."""


class Kernel(NamedTuple):
    """``run(a, b)`` has its axes in the order of `labels`; an exact kernel is called ``run(a, b, out)``."""

    labels: Numbers
    run: Callable[..., Any]


def swapped(run: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of both arrays in the other order."""
    return lambda a, b, *out: run(b, a, *out)


def size_of(labels: Numbers, sizes: Sequence[int]) -> int:
    """How many entries an array with these labels has."""
    return prod([sizes[n] for n in labels])


def looped(left: Numbers, right: Numbers, result: Numbers, exact: bool) -> Kernel:
    """Einsum's own loop."""
    letter = dict(zip(dict.fromkeys(left + right), ascii_letters, strict=False))
    words = ["".join([letter[n] for n in labels]) for labels in (left, right, result)]
    expression = f"{words[0]},{words[1]}->{words[2]}"
    return Kernel(result, partial(_einsum, expression) if not exact else _loop_into(expression))


def _loop_into(expression: str) -> Callable[..., Any]:
    return lambda a, b, out: _einsum(expression, a, b, out=out)


def called(call: Callable[..., Any], view_a: View | None, view_b: View | None, shape: Numbers | None) -> Any:
    """The call on two views, its result with another shape."""
    if view_a is None and view_b is None and shape is None:
        return call

    def run(a: Any, b: Any) -> Any:
        a = a if view_a is None else view_a(a)
        b = b if view_b is None else view_b(b)  # what was copied is free, if nobody else has it
        c = call(a, b)
        return c if shape is None else c.reshape(shape)

    return run
