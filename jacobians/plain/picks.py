"""Products with matrices that have few entries apart from zeros, where it is not known before which these are.

`picked_sums` is what a derivative of the largest or smallest entry of each row does: it picks rows of another matrix,
at the entries that `chosen_entries` has found.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

__all__ = ["chosen_entries", "picked_sums"]

_FEW = 8
"""Of so many entries at most one is chosen, or the product is made as one of full matrices."""


def chosen_entries(chosen: Any) -> Any:
    """The positions of what is true in a matrix, row after row.

    Examples
    --------
    >>> chosen_entries(np.array([[False, True], [True, False]]))
    array([1, 2])
    """
    return np.flatnonzero(chosen)


def picked_sums(chosen: Any, entries: Any, weights: Any, rows: Any = None, turned: bool = False) -> Any:
    """``(chosen * weights) @ rows``; sums of ``chosen * weights`` along its rows without `rows`.

    Parameters
    ----------
    chosen : bool array of shape (n, m)
    entries : integer array
        The `chosen_entries`.
    weights : array that broadcasts to this shape, or number
    rows : array of shape (m,) or (m, k), optional
    turned : bool
        Whether the transpose of ``chosen * weights`` is meant, whose columns are n.

    Examples
    --------
    >>> picked_sums(np.array([[False, True], [True, False]]), np.array([1, 2]), 2.0, np.array([[1.0], [3.0]]))
    array([[6.],
           [2.]])
    """
    if _FEW * entries.size > chosen.size or not (_is_finite(weights) and _is_finite(rows)):
        full = chosen * weights  # zeros times what is not finite are nan
        full = full.T if turned else full
        return full.sum(axis=1) if rows is None else full @ rows
    into, out_of = np.divmod(entries, chosen.shape[1])
    values = _values(weights, into, out_of)
    if turned:
        into, out_of = out_of, into
    size = chosen.shape[1 if turned else 0]
    if rows is None:
        return np.bincount(into, values, size)
    if rows.ndim == 1:
        return np.bincount(into, values * rows[out_of], size)
    picked = rows.T.take(out_of, 1)
    picked *= values
    total = np.empty((rows.shape[1], size))
    for column, sums in zip(picked, total, strict=True):
        sums[...] = np.bincount(into, column, size)
    return total.T


def _is_finite(array: Any) -> bool:
    """Whether all entries are finite: they are if their squares have a finite sum, which is looked at first."""
    if array is None:
        return True
    return isfinite(abs(np.vdot(array, array))) or bool(np.isfinite(array).all())


def _values(weights: Any, into: Any, out_of: Any) -> Any:
    """The weights of entries by their rows and columns."""
    if np.size(weights) == 1:
        return np.full(len(into), np.ravel(weights)[0])
    if weights.shape[1] == 1:
        return weights[:, 0].take(into)
    return weights[0].take(out_of) if weights.shape[0] == 1 else weights[into, out_of]
