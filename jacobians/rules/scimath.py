"""The module `np.emath`, and what else treats real and complex numbers alike.

Where its result is real, a function of `np.emath` is the function of the same name in `np`; elsewhere it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import emath

from ..errors import ArgumentError
from ..registry import composed, elementwise, function_name, unsupported

__all__: list[str] = []


def _where_real(function: Any, definition: Callable[..., Any], leaves: Callable[..., Any]) -> None:
    """State a function of `np.emath` as `definition`, wherever no operand `leaves` the real numbers."""

    def checked(*operands: Any) -> Any:
        # NumPy takes a Python number for an array here, which promotes.
        operands = tuple([x if hasattr(x, "dtype") else np.asarray(x) for x in operands])
        if np.any(leaves(*operands)):
            name = function_name(function)
            raise ArgumentError(name, "its result", "is complex", "Complex numbers are not differentiated yet.")
        return definition(*operands)

    composed(function, checked)


def _negative(x: Any, *_: Any) -> Any:
    return np.less(x, 0)


def _above_one(x: Any) -> Any:
    return np.greater(np.abs(x), 1)


def _logn(n: Any, x: Any) -> Any:
    return np.divide(np.log(x), np.log(n))


# fmt: off
_where_real(emath.sqrt,    np.sqrt,    _negative)
_where_real(emath.log,     np.log,     _negative)
_where_real(emath.log2,    np.log2,    _negative)
_where_real(emath.log10,   np.log10,   _negative)
_where_real(emath.power,   np.power,   _negative)
_where_real(emath.logn,    _logn,      lambda n, x: np.logical_or(np.any(np.less(n, 0)), np.any(np.less(x, 0))))
_where_real(emath.arccos,  np.arccos,  _above_one)
_where_real(emath.arcsin,  np.arcsin,  _above_one)
_where_real(emath.arctanh, np.arctanh, _above_one)
elementwise(np.real_if_close, lambda y, a, *_: 1.0)
# fmt: on

unsupported("because its result is complex. Use np.sort", np.sort_complex)
