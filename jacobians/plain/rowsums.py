"""Sums of rows of a matrix that positions known beforehand pick: products with a sparse matrix.

`RowSums(weights, columns, starts, width) @ rows` is what a lookup table or a graph gets from its readers. SciPy's loops
do that; where SciPy is missing NumPy does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["RowSums"]


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
