"""Matrices that equal their transpose: half of each is computed, the other half is a copy.

- `symmetric_product`: a product of matrices that is known to be symmetric, such as ``X.T @ (s[:, None] * X)``.
- `upper_product`: the blocks on and above its diagonal alone.
- `mirror`: the lower triangle of a matrix from its upper one.

Products round differently on the two sides of the diagonal; what is copied is equal to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["mirror", "symmetric_product", "upper_product"]

_TILE = 128  # two tiles fit the cache, and a product of so many rows still runs at four fifths of the full speed
_BATCH = 65_536  # entries of the small matrices that are mirrored at once
_FEW = 8  # rows below which each entry of all matrices is copied by itself
_LOWER = np.tri(_TILE, dtype=bool)


def symmetric_product(left: Any, right: Any, out: Any = None) -> Any:
    """``left @ right``, for a product that is symmetric but for rounding; the result is so exactly.

    Blocks on and above the diagonal are multiplied, the others are copies: a large product takes little more than half
    of the operations.

    Parameters
    ----------
    left : array of shape (..., n, k)
    right : array of shape (..., k, n)
    out : array of shape (..., n, n), optional
        Overwritten and returned; it shares no memory with the factors.

    Examples
    --------
    >>> X, s = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0])
    >>> symmetric_product(X.T, X * s[:, None])
    array([[ -8., -10.],
           [-10., -12.]])
    """
    if left.ndim > 2 or right.ndim > 2 or len(left) <= _TILE:
        return mirror(np.matmul(left, right, out=out))
    if out is None:
        out = np.empty((len(left), len(left)), np.result_type(left, right))
    upper_product(left, right, out)
    return mirror(out)


def upper_product(left: Any, right: Any, out: Any) -> None:
    """Write ``left @ right`` into the upper triangle of a square matrix; what stands below it then means nothing."""
    for start in range(0, len(left), _TILE):
        stop = start + _TILE
        np.matmul(left[start:stop], right[:, start:], out=out[start:stop, start:])


def mirror(matrix: Any, below: Any = None, above: Any = None) -> Any:
    """Overwrite the lower triangle of a square matrix with the upper one, or of each matrix in the last two axes.

    Parameters
    ----------
    matrix : array of shape (..., n, n)
        Overwritten and returned.
    below, above : integer array, optional
        The flat positions of the only entries to be overwritten, and of those across from them.

    Examples
    --------
    >>> mirror(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 2.],
           [2., 4.]])
    """
    if below is not None:
        flat = matrix.reshape(-1) if matrix.flags.c_contiguous else matrix.flat
        flat[below] = flat[above]
        return matrix
    size = matrix.shape[-1]
    if matrix.ndim == 2 and size <= _TILE:
        np.copyto(matrix, matrix.T.copy(), where=_LOWER[:size, :size])
        return matrix
    if matrix.ndim > 2 and size < _FEW:
        for row in range(size):
            for column in range(row):
                matrix[..., row, column] = matrix[..., column, row]
        return matrix
    if matrix.ndim == 3 and size <= _TILE:
        step = max(1, _BATCH // (size * size))
        for start in range(0, len(matrix), step):
            some = matrix[start : start + step]
            np.copyto(some, some.swapaxes(1, 2).copy(), where=_LOWER[:size, :size])
        return matrix
    if matrix.ndim > 2:
        for one in matrix:
            mirror(one)
        return matrix
    for start in range(0, size, _TILE):
        rows = slice(start, start + _TILE)
        tile = matrix[rows, rows]
        np.copyto(tile, tile.T.copy(), where=_LOWER[: len(tile), : len(tile)])
        for left in range(0, start, _TILE):
            columns = slice(left, left + _TILE)
            matrix[rows, columns] = matrix[columns, rows].T
    return matrix
