"""Steps that are linear in what the step before made, all at once: a triangular system with few diagonals."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

__all__ = ["linear_steps"]


def linear_steps(before: Any, addends: Any, places: Any, factors: Any, count: int) -> Any:
    """``y[i] = addends[i] + sum of factors[n] * y[j] over the n with places[n] == (i, j)``, again and again.

    Parameters
    ----------
    before : list of k numbers
        The y of the first step.
    addends : list of k numbers or arrays of shape (count,)
    places : tuple of (int, int)
    factors : list of numbers or arrays of shape (count,)
    count : int

    Returns
    -------
    array of shape (k, count + 1)
        What was before the first step, and what each step made.

    Examples
    --------
    >>> linear_steps([1.0], [np.array([0.0, 1.0, 2.0])], ((0, 0),), [2.0], 3)
    array([[ 1.,  2.,  5., 12.]])
    """
    k = len(before)
    y = np.empty((count + 1, k))
    # y[t, i] - factor[t] * y[t - 1, j] = addend[t]: a column of the matrix for each y, its entries below one another.
    band = np.zeros((count + 1, k, 2 * k))
    for i, addend in enumerate(addends):
        y[0, i] = before[i]
        y[1:, i] = addend
    for (i, j), factor in zip(places, factors, strict=True):
        np.negative(factor, out=band[:-1, j, k + i - j])
    try:
        from scipy.linalg import blas
    except ImportError:
        return _one_by_one(y, places, factors, count)
    library: Any = blas
    solved = library.dtbsv(2 * k - 1, band.reshape(-1, 2 * k).T, y.reshape(-1), lower=1, diag=1)
    # Zeros between the factors, times what is not finite, are none.
    if isfinite(solved.dot(solved)) and isfinite(np.vdot(band, band)):
        return solved.reshape(count + 1, k).T
    return _one_by_one(y, places, factors, count)


def _one_by_one(y: Any, places: Any, factors: Any, count: int) -> Any:
    all_steps = [np.broadcast_to(factor, (count,)) for factor in factors]
    for t in range(count):
        for (i, j), factor in zip(places, all_steps, strict=True):
            y[t + 1, i] += factor[t] * y[t, j]
    return y.T
