"""Sums of rows of a matrix that positions pick: products with a sparse matrix.

`RowSums(weights, columns, starts, width) @ rows` is what a lookup table or a graph gets from its readers, where the
positions are known beforehand, and `row_sums(rows, index, size)` where each call tells them. SciPy's loops do that;
where SciPy is missing NumPy does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["RowSums", "row_sums"]


class RowSums:
    """Row i of a product is the sum of ``weights[n] * rows[columns[n]]``, ``starts[i] <= n < starts[i + 1]``.

    Parameters
    ----------
    weights : array of shape (n,)
    columns, starts : integer arrays of shape (n,) and (size + 1,)
    width : int
        How many rows a product picks from.

    Examples
    --------
    >>> RowSums(np.array([1.0, 1.0, 2.0]), np.array([0, 1, 1]), np.array([0, 2, 3]), 2) @ np.array([[3.0], [4.0]])
    array([[7.],
           [8.]])
    """

    __slots__ = ("_matrix", "columns", "starts", "weights", "width")

    def __init__(self, weights: Any, columns: Any, starts: Any, width: int) -> None:
        self.weights, self.columns, self.starts, self.width = weights, columns, starts, width
        self._matrix: Any = None

    @property
    def dtype(self) -> Any:
        return self.weights.dtype

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.starts) - 1, self.width

    @property
    def T(self) -> RowSums:
        """The transpose: what each row is added to."""
        order = np.argsort(self.columns, kind="stable")
        targets = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        starts = np.searchsorted(self.columns[order], np.arange(self.width + 1))
        return RowSums(self.weights[order], targets[order], starts, len(self.starts) - 1)

    def __matmul__(self, rows: Any) -> Any:
        if self._matrix is None:
            self._matrix = self._made()
        return self._matrix @ rows

    def _made(self) -> Any:
        size = len(self.starts) - 1
        try:
            from scipy.sparse import csr_array
        except ImportError:
            return _Picked(self.weights, self.columns, np.repeat(np.arange(size), np.diff(self.starts)), size)
        return csr_array((self.weights, self.columns, self.starts), shape=(size, self.width))


def row_sums(rows: Any, index: Any, size: int, source: Any = None) -> Any:
    """Row i of the result is the sum of ``rows[source[n]]`` over all n with ``index[n] == i``.

    Parameters
    ----------
    rows : array of shape (k, m)
    index : integer array of shape (n,)
        Not negative.
    size : int
        How many sums there are.
    source : integer array of shape (n,), optional
        Not negative; all rows in their order by default.

    Raises
    ------
    IndexError
        If there is no such row.

    Examples
    --------
    >>> row_sums(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1, 0, 1]), 3)
    array([[3., 4.],
           [6., 8.],
           [0., 0.]])
    >>> row_sums(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0, 0, 1]), 2, np.array([0, 1, 1]))
    array([[4., 6.],
           [3., 4.]])
    """
    count = len(index)
    for positions, most in ((index, size), (source, len(rows))):
        if positions is not None and count and not 0 <= positions.min() <= positions.max() < most:
            found = positions.max() if positions.min() >= 0 else positions.min()
            raise IndexError(f"index {found} is out of bounds for axis 0 with size {most}")
    try:
        from scipy.sparse import coo_array, csc_array
    except ImportError:
        return _Picked(np.ones(count, rows.dtype), np.arange(count) if source is None else source, index, size) @ rows
    if source is None:
        return csc_array((np.ones(count, rows.dtype), index, np.arange(count + 1)), shape=(size, count)) @ rows
    return coo_array((np.ones(count, rows.dtype), (index, source)), shape=(size, len(rows))) @ rows


class _Picked:
    """The same by NumPy alone."""

    def __init__(self, weights: Any, columns: Any, targets: Any, size: int) -> None:
        self.weights, self.columns, self.targets, self.size = weights, columns, targets, size

    def __matmul__(self, rows: Any) -> Any:
        picked = np.take(rows, self.columns, 0)
        picked *= self.weights.reshape(-1, *[1] * (picked.ndim - 1))
        total = np.zeros((self.size, *rows.shape[1:]), picked.dtype)
        np.add.at(total, self.targets, picked)
        return total
