"""Triplets in the order of a compressed sparse matrix: positions, which depend on no number, and entries.

The entries may be recorded and not known yet; then the pattern is what `to_sparse` returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays import scatter
from ..contract import Triplets
from ..program import Symbol

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


def sparse_pattern(entries: Sequence[Triplets], shape: tuple[int, int], format: str, dtype: np.dtype) -> SparsePattern:
    """The pattern of triplets, and their values summed into its order by NumPy's dispatched functions."""
    if not entries:
        nothing = np.zeros(0, np.intp)
        entries = [Triplets(nothing, nothing, np.zeros(0, dtype))]
    rows, columns = np.concatenate([e.rows for e in entries]), np.concatenate([e.columns for e in entries])
    major, minor, count = (columns, rows, shape[1]) if format == "csc" else (rows, columns, shape[0])
    place = major * (shape[0] if format == "csc" else shape[1]) + minor
    # Several runs that are sorted each: the stable sort merges them, much faster than SciPy's counting sort.
    order = np.argsort(place, kind="stable")
    place = place[order]
    new = np.concatenate([[True], place[1:] != place[:-1]])[: order.size]
    first = order[new]
    major, minor = major[first], minor[first]
    if any(isinstance(e.values, Symbol) for e in entries):
        slots = np.empty(order.size, np.intp)
        slots[order] = np.cumsum(new) - 1
        data = _placed(entries, slots, first.size, dtype)
    else:
        data = np.take(np.concatenate([e.values for e in entries]), order)
        data = data if first.size == order.size else np.add.reduceat(data, np.flatnonzero(new))
    kind = np.int32 if max(*shape, place.size) < 2**31 else np.int64
    indices = minor.astype(kind)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(major, minlength=count))]).astype(kind)
    return SparsePattern(data, indices, indptr, shape, format)


def _placed(entries: Sequence[Triplets], slots: np.ndarray, size: int, dtype: np.dtype) -> Any:
    """The recorded values, each added at its slots to what is constant."""
    known = np.zeros(size, dtype)
    recorded = []
    start = 0
    for values in (e.values for e in entries):
        own = slots[start : start + values.size]
        start += values.size
        if isinstance(values, Symbol):
            recorded.append(scatter(values, own, size, np.unique(own).size == own.size))
        else:
            np.add.at(known, own, values)
    total = recorded[0]
    for part in recorded[1:]:
        total = np.add(total, part)
    return np.add(total, known) if known.any() else total
