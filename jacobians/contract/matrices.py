"""Sums over pairs of labels as products of matrices: `matrix_kernel`, and `upper_kernel` for symmetric ones.

The factors are seen as matrices, or as batches of them, without a copy where that can be. The limits are measured: one
thread, float64, microseconds unless told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..plain import upper_product
from .calls import Kernel, Numbers, called, looped, size_of, swapped
from .views import View, apart, between, compacted, copies, grouped, permuted

__all__ = ["SYMMETRIC_LIMIT", "Groups", "matrix_kernel", "upper_kernel"]

GEMM_LIMIT = 100_000
"""Multiply-adds below which `ndarray.dot` is called for its lower overhead, 0.4 against 0.9; above, `np.matmul` is up
to 8 % faster."""

SMALL_GEMM = 1_000_000
"""Multiply-adds up to which BLAS does not pack. Rows of several labels run one after the other where each product is
that small and has 16 rows (100 x 64 rows, 100 -> 10: 520 against 850), or where it has 128 rows (150 x 200 rows, 200 ->
128: 33 against 36 ms)."""

MATVEC_LIMITS = 64, 500
"""Entries of each matrix below which, if there are more multiply-adds than the second, einsum's loop is faster than
`np.matvec`: 20,000 of 3 x 3 324 against 679, 2,000 of 8 x 8 92 against 99, but three of 3 x 3 2.0 against 0.9."""

COPY_LIMIT = 1_000
"""Multiply-adds below which what would have to be copied for BLAS goes to einsum's loop: 3 x 3 x 3 5.3 against 3.6."""

SYMMETRIC_LIMIT = 130
"""Rows of a symmetric matrix from which only blocks on and above the diagonal are multiplied: 1000 x 150 0.93 against
1.02, 1000 x 1000 24 against 32, 100 x 1000 3.0 against 3.3 ms, its lower triangle copied from the upper one."""

TURNED_LIMIT = 1_024
"""Entries of each matrix up to which one on the right that stands transposed is copied: 25 of 10 x 10 for 10,000 rows
8.0 against 17.2 ms."""

STRIDED_LIMIT = 1_024
"""Entries of each matrix from which it is written straight into its place in a larger array, not copied there: 64
matrices of 64 x 64 700 against 890, 256 of 16 x 16 120 either way."""


class Groups(NamedTuple):
    """The labels of a sum over pairs: in both and kept, of the left, of the right, in both and summed."""

    batch: Numbers
    rows: Numbers
    columns: Numbers
    summed: Numbers


def matrix_kernel(
    left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int], groups: Groups, exact: bool
) -> Kernel:
    """A matrix product for each batch index; the left one has rows."""
    batch, rows, columns, summed = groups
    if batch and not columns:
        matrix = size_of(rows + summed, sizes)
        in_batch = left[-1] in batch and right[-1] in batch
        if in_batch or (matrix < MATVEC_LIMITS[0] and matrix * size_of(batch, sizes) > MATVEC_LIMITS[1]):
            return looped(left, right, result, exact)
    if not exact:
        return _natural(left, right, result, sizes, groups)
    inner_rows, outer_rows = apart(result, rows)
    inner_columns, outer_columns = apart(result, columns)
    entries = size_of(inner_rows + inner_columns, sizes)
    if not columns or result[-1] in batch or (entries < STRIDED_LIMIT and len(result) > 2):
        return _copied(_natural(left, right, result, sizes, groups), result)
    outer = (*batch, *outer_rows, *outer_columns)
    seen = [(n,) for n in outer]
    summed = _order_of_larger(left, right, summed, sizes)
    view_a = grouped(left, [*seen, inner_rows, summed], sizes, compact=True)
    view_b = _straight(right, [*seen, summed, inner_columns], sizes, size_of(left, sizes))
    view_out = permuted(result, (*outer, *inner_rows, *inner_columns))
    shape = (*[sizes[n] for n in outer], size_of(inner_rows, sizes), size_of(inner_columns, sizes))

    def run(a: Any, b: Any, out: Any) -> Any:
        a = a if view_a is None else view_a(a)
        b = b if view_b is None else view_b(b)
        target = out if view_out is None else view_out(out)
        try:
            target = np.reshape(target, shape, copy=False)
        except ValueError:  # the caller's array has gaps where the matrix has none
            target[...] = np.matmul(a, b).reshape(target.shape)
            return out
        np.matmul(a, b, target)
        return out

    return Kernel(result, run)


def _natural(left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int], groups: Groups) -> Kernel:
    """The product as it comes: batch, rows, columns, each in the order of the factor."""
    batch, rows, columns, summed = groups
    summed = _order_of_larger(left, right, summed, sizes)
    labels = (*batch, *rows, *columns)
    shape: Numbers | None = tuple([sizes[n] for n in labels])
    work = size_of(labels + summed, sizes)
    single = [(n,) for n in batch]
    if work < COPY_LIMIT and (
        copies(left, [*single, rows, summed], compact=bool(batch))
        or copies(right, [*single, summed, columns], compact=bool(batch and columns))
    ):
        return looped(left, right, result, False)
    before, behind = ((), ()) if batch or columns else between(left, summed)
    if before:  # 200 x 200 x 50, summed in the middle: 0.8 against 2.4 ms for a copy
        if size_of(behind + summed, sizes) < MATVEC_LIMITS[0]:
            return looped(left, right, result, False)
        view = grouped(left, [before, behind, summed], sizes)
        return Kernel(labels, called(np.matvec, view, grouped(right, [summed], sizes), shape))
    if not batch and columns and left == rows + summed and _runs_along(rows, summed + columns, sizes):
        # Not flattened: the leading rows become a batch that the right one does not carry.
        seen, rows = [(n,) for n in rows[:-1]], rows[-1:]
        view_a = grouped(left, [*seen, rows, summed], sizes)
        view_b = grouped(right, [summed, columns], sizes)
        call: Callable[..., Any] = np.matmul
    elif batch:
        seen = [(n,) for n in batch]
        view_a = grouped(left, [*seen, rows, summed], sizes, compact=True)
        if columns:
            view_b = _straight(right, [*seen, summed, columns], sizes, size_of(left, sizes))
        else:
            view_b = grouped(right, [*seen, summed], sizes)
        call = np.matmul if columns else np.matvec
    else:
        view_a = grouped(left, [rows, summed], sizes)
        view_b = grouped(right, [summed, columns] if columns else [summed], sizes)
        call = np.ndarray.dot if work < GEMM_LIMIT or not columns else np.matmul
    if len(rows) == 1 and len(columns) < 2:
        shape = None
    return Kernel(labels, called(call, view_a, view_b, shape))


def _straight(right: Numbers, groups: Sequence[Numbers], sizes: Sequence[int], entries: int) -> View | None:
    """How to see the matrices on the right, which are multiplied by so many entries; small ones are copied."""
    view = grouped(right, groups, sizes, compact=True)
    *_, rows, columns = groups
    turned = bool(columns) and right[-1] in rows and 8 * size_of(right, sizes) <= entries
    if turned and size_of(rows + columns, sizes) <= TURNED_LIMIT and not copies(right, groups, compact=True):
        return compacted(view)
    return view


def _copied(kernel: Kernel, result: Numbers) -> Kernel:
    """A kernel whose result is copied into its place."""
    view = permuted(kernel.labels, result)

    def run(a: Any, b: Any, out: Any) -> Any:
        c = kernel.run(a, b)
        out[...] = c if view is None else view(c)
        return out

    return Kernel(result, run)


def _order_of_larger(left: Numbers, right: Numbers, summed: Numbers, sizes: Sequence[int]) -> Numbers:
    """The summed labels as the larger factor has them: that one should not be copied."""
    order = left if size_of(left, sizes) >= size_of(right, sizes) else right
    return tuple([n for n in order if n in summed])


def _runs_along(rows: Numbers, others: Numbers, sizes: Sequence[int]) -> bool:
    """Whether rows of several labels are faster one by one than flattened."""
    if len(rows) < 2:
        return False
    last, work = sizes[rows[-1]], sizes[rows[-1]] * size_of(others, sizes)
    whole = size_of(rows + others, sizes)
    return whole > SMALL_GEMM and (last >= 128 or (last >= 16 and work <= SMALL_GEMM))


def upper_kernel(left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int]) -> Kernel | None:
    """The exact kernel of a symmetric matrix, rows before columns, that writes its upper triangle only.

    None where it is no product of matrices, or so small that nothing is saved.
    """
    half = next((n for n in range(len(result)) if size_of(result[:n], sizes) == size_of(result[n:], sizes)), 0)
    rows, columns = result[:half], result[half:]
    if set(rows).isdisjoint(left) and not set(rows).isdisjoint(right):
        kernel = upper_kernel(right, left, result, sizes)
        return None if kernel is None else Kernel(result, swapped(kernel.run))
    summed = tuple([n for n in left if n not in result])
    alike = {*left} == {*rows, *summed} and {*right} == {*columns, *summed}
    if not half or not summed or not alike or size_of(rows, sizes) < SYMMETRIC_LIMIT:
        return None
    summed = _order_of_larger(left, right, summed, sizes)
    view_a, view_b = grouped(left, [rows, summed], sizes), grouped(right, [summed, columns], sizes)
    shape = (size_of(rows, sizes), size_of(columns, sizes))

    def run(a: Any, b: Any, out: Any) -> Any:
        if a.dtype != out.dtype or b.dtype != out.dtype:
            a, b = a.astype(out.dtype), b.astype(out.dtype)
        a = a if view_a is None else view_a(a)
        b = b if view_b is None else view_b(b)
        upper_product(a, b, out.reshape(shape))
        return out

    return Kernel(result, run)
