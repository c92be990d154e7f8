"""The inverse of a triangular matrix: a sixth of the work of another one's."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["lower_inverse"]

_FEW = 48  # rows up to which one call of LAPACK is faster than several smaller ones


def lower_inverse(L: Any) -> Any:
    """``np.linalg.inv(L)`` of a matrix whose upper triangle is zero; that of the inverse is so exactly.

    Parameters
    ----------
    L : array of shape (n, n)

    Examples
    --------
    >>> lower_inverse(np.array([[2.0, 0.0], [1.0, 1.0]]))
    array([[ 0.5,  0. ],
           [-0.5,  1. ]])
    """
    inverse = np.zeros_like(L, order="C")
    _invert(L, inverse)
    return inverse


# [[A, 0], [C, B]] has the inverse [[A^-1, 0], [-B^-1 C A^-1, B^-1]].
def _invert(L: Any, inverse: Any) -> None:
    if len(L) <= _FEW:
        inverse[...] = np.tril(np.linalg.inv(L))
        return
    half = len(L) // 2
    A, B, corner = inverse[:half, :half], inverse[half:, half:], inverse[half:, :half]
    _invert(L[:half, :half], A)
    _invert(L[half:, half:], B)
    np.matmul(np.matmul(B, L[half:, :half]), A, out=corner)
    np.negative(corner, out=corner)
