"""The module `np.emath`, and what else treats real and complex numbers alike.

A function of `np.emath` is the function of the same name in `np`; an operand of which an entry leaves its real domain
becomes complex before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import emath

from ..registry import complex_too, composed, elementwise, unsupported
from .conjugates import is_complex

__all__: list[str] = []


def _widened(function: Any, definition: Callable[..., Any], leaves: Callable[[Any], Any], count: int = 1) -> None:
    """State a function of `np.emath` as `definition` of operands of which the first ones may become complex."""

    def widen(x: Any) -> Any:
        if not is_complex(x) and np.any(leaves(x)):
            return x.astype(np.result_type(x.dtype, np.complex64))
        return x

    def widened(*operands: Any) -> Any:
        # NumPy takes a Python number for an array here, which promotes.
        arrays = [x if hasattr(x, "dtype") else np.asarray(x) for x in operands]
        return definition(*[widen(x) for x in arrays[:count]], *arrays[count:])

    composed(function, widened)
    complex_too(function)


def _negative(x: Any) -> Any:
    return np.less(x, 0)


def _above_one(x: Any) -> Any:
    return np.greater(np.abs(x), 1)


def _logn(n: Any, x: Any) -> Any:
    return np.divide(np.log(x), np.log(n))


# fmt: off
_widened(emath.sqrt,    np.sqrt,    _negative)
_widened(emath.log,     np.log,     _negative)
_widened(emath.log2,    np.log2,    _negative)
_widened(emath.log10,   np.log10,   _negative)
_widened(emath.power,   np.power,   _negative)
_widened(emath.logn,    _logn,      _negative, 2)
_widened(emath.arccos,  np.arccos,  _above_one)
_widened(emath.arcsin,  np.arcsin,  _above_one)
_widened(emath.arctanh, np.arctanh, _above_one)
elementwise(np.real_if_close, lambda y, a, *_: 1.0)
# fmt: on

unsupported("because its result is complex. Use np.sort", np.sort_complex)
