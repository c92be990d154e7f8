"""Squared distances between points, without an array of all differences.

`squared_distances` compares each row of one matrix with each row of another. SciPy's loops do that; where SciPy is
missing NumPy does, coordinate by coordinate.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

__all__ = ["squared_distances"]


def squared_distances(left: Any, right: Any) -> Any:
    """``np.sum((left[:, None] - right) ** 2, axis=2)``.

    Parameters
    ----------
    left : array of shape (n, k)
    right : array of shape (m, k)

    Returns
    -------
    array of shape (n, m)

    Examples
    --------
    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [1.0, 0.0]]))
    array([[25.,  1.]])
    """
    dtype = np.result_type(left, right)
    pairwise = _pairwise()
    if pairwise is not None:  # it computes with double precision
        return pairwise(left, right, "sqeuclidean").astype(dtype, copy=False)
    total = np.zeros((len(left), len(right)), dtype)
    for x, y in zip(left.T, right.T, strict=True):
        apart = np.subtract.outer(x, y)
        total += np.multiply(apart, apart, out=apart)
    return total


@cache
def _pairwise() -> Any:
    try:
        from scipy.spatial.distance import cdist
    except ImportError:
        return None
    return cdist
