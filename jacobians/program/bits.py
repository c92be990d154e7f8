"""Whether arrays hold the same numbers, bit for bit: nan is equal to itself, and -0.0 is not 0.0.

- `sketch(array)`: what equal arrays have in common, told from a few entries.
- `same_bits(a, b)`: whether all are equal.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

__all__ = ["same_bits", "sketch"]

_SEEN = 8


def sketch(array: np.ndarray) -> Hashable:
    """What arrays with the same numbers in the same order of memory have in common."""
    step = max(1, array.size // _SEEN)
    return array.shape, array.dtype.str, array.strides, array.reshape(-1, order="A")[::step].tobytes()


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays of one shape, dtype and order of memory are equal.

    Examples
    --------
    >>> same_bits(np.array([np.nan, 0.0]), np.array([np.nan, 0.0])), same_bits(np.array([0.0]), np.array([-0.0]))
    (True, False)
    """
    if a is b:
        return True
    one, other = [np.ascontiguousarray(x.reshape(-1, order="A")).view(np.uint8) for x in (a, b)]
    return np.array_equal(one, other)
