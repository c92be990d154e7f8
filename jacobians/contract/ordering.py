"""The columns of a compressed matrix in order.

- `Compressed`: its arrays.
- `in_order(matrix, shape)`: the matrix with columns in order in each row, and entries at the same place added.
- `unordered(matrix)`, `sort(matrix, rows)`: the rows in which a column is out of order; sorted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .slots import portions

__all__ = ["Compressed", "in_order", "sort", "unordered"]


class Compressed(NamedTuple):
    """The arrays of a matrix in compressed form, columns sorted and none twice in a row; or the same by columns."""

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray


def in_order(matrix: Compressed, shape: tuple[int, int]) -> Compressed:
    """The matrix with the columns of each row in order, and entries at the same place added."""
    rows = unordered(matrix)
    if not rows.size:
        return matrix
    if rows.size * 2 < shape[0]:
        sort(matrix, rows)
        if not unordered(matrix).size:
            return matrix
    from scipy.sparse import csr_array  # slow to import

    whole = csr_array(matrix, shape=shape)
    whole.sum_duplicates()
    return Compressed(whole.data, whole.indices, whole.indptr)


def unordered(matrix: Compressed) -> np.ndarray:
    """The rows in which a column is not larger than the one before it."""
    _, indices, indptr = matrix
    wrong = np.zeros(indices.size, bool)
    np.less_equal(indices[1:], indices[:-1], out=wrong[1:])
    filled = np.searchsorted(indptr, indptr.dtype.type(indices.size))
    for _, starts in portions(indptr[:filled]):  # where a row begins, any column may stand
        wrong[starts] = False
    rows = np.searchsorted(indptr, np.flatnonzero(wrong).astype(indptr.dtype), side="right")
    rows -= 1
    first = np.ones(rows.size, bool)  # they are in order
    np.not_equal(rows[1:], rows[:-1], out=first[1:])
    return rows[first]


def sort(matrix: Compressed, rows: np.ndarray) -> None:
    """Sort the columns of some rows, in place."""
    data, indices, indptr = matrix
    starts, lengths = indptr[rows].astype(np.intp), np.diff(indptr)[rows]
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = np.repeat(starts, lengths) + within
    order = places[np.lexsort((indices[places], np.repeat(rows, lengths)))]
    indices[places] = indices[order]
    data[places] = data[order]
