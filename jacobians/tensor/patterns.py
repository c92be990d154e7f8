"""A sparse matrix whose positions are known and whose numbers are not yet: what a recorded `to_sparse` returns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

__all__ = ["SparsePattern", "sparse_pattern"]


class SparsePattern(NamedTuple):
    """Positions of the entries of a compressed sparse matrix, which depend on no number.

    Attributes
    ----------
    data : array
        The entries in the order of the format, duplicates summed.
    indices, indptr : integer arrays
        As in SciPy's compressed formats; read-only, because every matrix that is built shares them.
    shape : pair of int
    format : "csr", "csc", "coo" or "bsr"
    """

    data: Any
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]
    format: str

    def build(self, data: np.ndarray) -> Any:
        """The SciPy sparse array with these entries."""
        make = scipy.sparse.csc_array if self.format == "csc" else scipy.sparse.csr_array
        matrix = make((data, self.indices, self.indptr), shape=self.shape)
        matrix.has_canonical_format = True
        return matrix if self.format in ("csr", "csc") else matrix.asformat(self.format)


def sparse_pattern(
    rows: np.ndarray, columns: np.ndarray, values: Any, shape: tuple[int, int], format: str
) -> SparsePattern:
    """The pattern of triplets, and their values brought into its order by NumPy's dispatched functions."""
    major, minor, count = (columns, rows, shape[1]) if format == "csc" else (rows, columns, shape[0])
    order = np.lexsort((minor, major))
    major, minor = major[order], minor[order]
    new = np.ones(order.size, bool)
    new[1:] = (major[1:] != major[:-1]) | (minor[1:] != minor[:-1])
    data = values if np.array_equal(order, np.arange(order.size)) else np.take(values, order)
    starts = np.flatnonzero(new)
    if starts.size < order.size:
        data = np.add.reduceat(data, starts)
    kind = np.int32 if max(*shape, order.size) < 2**31 else np.int64
    indices = minor[new].astype(kind)
    indptr = np.searchsorted(major[new], np.arange(count + 1)).astype(kind)
    for array in (indices, indptr):
        array.flags.writeable = False
    return SparsePattern(data, indices, indptr, shape, format)
