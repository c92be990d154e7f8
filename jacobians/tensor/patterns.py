"""Triplets in the order of a compressed sparse matrix: positions, which depend on no number, and entries.

The entries may be recorded and not known yet; then the pattern is what `to_sparse` returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays import scatter
from ..contract import Placed, Triplets, arrange, grid_values
from ..program import Symbol
from ..terms import REAL

__all__ = ["SparsePattern", "recorded_pattern", "sparse_pattern"]


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
    count, width = shape[::-1] if format == "csc" else shape
    place = _places(entries, format == "csc", width)
    # Several runs that are sorted each: the stable sort merges them, much faster than SciPy's counting sort.
    order = np.argsort(place, kind="stable")
    place = place[order]
    new = np.ones(order.size, bool)
    np.not_equal(place[1:], place[:-1], out=new[1:])
    place = place[new]
    major = place // max(width, 1)
    minor = np.subtract(place, major * width, out=place)
    if any(isinstance(e.values, Symbol) for e in entries):
        slots = np.empty(order.size, np.intp)
        slots[order] = np.cumsum(new) - 1
        ends = np.cumsum([e.rows.size for e in entries])[:-1]
        parts = np.split(slots, ends)
        own = [
            (part, e.values, isinstance(e.values, Symbol) and _differ(part, minor.size))
            for part, e in zip(parts, entries, strict=True)
        ]
        data = _placed(own, minor.size, dtype)
    else:
        data = np.take(np.concatenate([e.values for e in entries]), order)
        data = data if minor.size == order.size else np.add.reduceat(data, np.flatnonzero(new))
    kind = np.int32 if max(*shape, order.size) < 2**31 else np.int64
    indices = minor.astype(kind)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(major, minlength=count))]).astype(kind)
    return SparsePattern(data, indices, indptr, shape, format)


def _places(entries: Sequence[Triplets], by_columns: bool, width: int) -> np.ndarray:
    """The flat position of each triplet in the order of the format."""
    places = np.empty(sum([e.rows.size for e in entries]), np.intp)
    start = 0
    for rows, columns, _ in entries:
        part = places[start : start + rows.size]
        major, minor = (columns, rows) if by_columns else (rows, columns)
        np.add(np.multiply(major, width, out=part), minor, out=part)
        start += rows.size
    return places


def _placed(entries: Sequence[tuple[np.ndarray, Any, bool]], size: int, dtype: np.dtype) -> Any:
    """The recorded values, each added at its slots, which may be known to differ, to what is constant."""
    known: np.ndarray | None = None
    recorded = []
    for slots, values, differ in entries:
        if isinstance(values, Symbol):
            recorded.append(scatter(values, slots, size, differ))
        else:
            known = np.zeros(size, dtype) if known is None else known
            np.add.at(known, slots, values)
    total = recorded[0]
    for part in recorded[1:]:
        total = np.add(total, part)
    return total if known is None or not known.any() else np.add(total, known)


def recorded_pattern(
    placed: Sequence[Placed], shape: tuple[int, int], format: str, dtype: np.dtype
) -> SparsePattern | None:
    """The pattern of reduced terms whose numbers are recorded; None where that takes the positions of all entries."""
    found = arrange(placed, shape, by_columns=format == "csc")
    if found is None:
        return None
    entries: list[tuple[np.ndarray, Any, bool]] = []
    for (term, *_), slots, differ in zip(placed, found.slots, found.differ, strict=True):
        values = grid_values(term, dtype, real=term.act == REAL)
        same = next((n for n, (others, *_) in enumerate(entries) if _are_equal(others, slots)), None)
        if same is None:
            entries.append((slots, values, differ or _differ(slots, found.indices.size)))
        else:
            entries[same] = slots, np.add(entries[same][1], values), entries[same][2]
    if not any([isinstance(values, Symbol) for _, values, _ in entries]):
        return None
    data = _placed(entries, found.indices.size, dtype)
    return SparsePattern(data, found.indices, found.indptr, shape, format)


def _are_equal(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two lists of slots are the same; most that are not differ at once."""
    return a.size == b.size and np.array_equal(a[:1], b[:1]) and np.array_equal(a, b)


def _differ(positions: np.ndarray, size: int) -> bool:
    """Whether no two positions below `size` are equal."""
    met = np.zeros(size, bool)
    met[positions] = True
    return int(np.count_nonzero(met)) == positions.size
