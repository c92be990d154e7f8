"""Triplets in the order of a compressed sparse matrix: positions, which depend on no number, and entries.

The entries may be recorded and not known yet; then the pattern is what `to_sparse` returns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["SparsePattern", "sparse_pattern"]


class SparsePattern(NamedTuple):
    """Positions of the entries of a compressed sparse matrix, which depend on no number.

    Attributes
    ----------
    data : array
        The entries in the order of the format, duplicates summed.
    indices, indptr : integer arrays
        As in SciPy's compressed formats.
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
        from scipy.sparse import csc_array, csr_array  # slow to import

        make = csc_array if self.format == "csc" else csr_array
        matrix = make((data, self.indices, self.indptr), shape=self.shape)
        matrix.has_canonical_format = True
        return matrix if self.format in ("csr", "csc") else matrix.asformat(self.format)


def sparse_pattern(
    rows: np.ndarray, columns: np.ndarray, values: Any, shape: tuple[int, int], format: str
) -> SparsePattern:
    """The pattern of triplets, and their values brought into its order by NumPy's dispatched functions."""
    major, minor, count = (columns, rows, shape[1]) if format == "csc" else (rows, columns, shape[0])
    place = major * (shape[0] if format == "csc" else shape[1]) + minor
    if np.all(place[1:] > place[:-1]):
        data = values
    else:
        # Several runs that are sorted each: the stable sort merges them, much faster than SciPy's counting sort.
        order = np.argsort(place, kind="stable")
        place, data = place[order], np.take(values, order)
        starts = np.flatnonzero(np.concatenate([[True], place[1:] != place[:-1]]))
        major, minor = major[order], minor[order]
        if starts.size < order.size:
            data, major, minor = np.add.reduceat(data, starts), major[starts], minor[starts]
    kind = np.int32 if max(*shape, place.size) < 2**31 else np.int64
    indices = minor.astype(kind)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(major, minlength=count))]).astype(kind)
    return SparsePattern(data, indices, indptr, shape, format)
