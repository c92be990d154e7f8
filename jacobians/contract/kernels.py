"""The fastest NumPy call for one pair of ndarrays, decided once per structure.

`pair_kernel` looks at label positions and sizes alone, and answers with a `Kernel`: a function of the two arrays, with
every transposition and shape worked out. One of five calls does the work:

| call | for |
| --- | --- |
| `np.multiply` | products without a sum: of equal layout, small, or very large |
| `np.dot`, `np.matmul` | sums without a batch: below and above `GEMM_LIMIT` |
| `np.matmul` | batches of matrix products |
| `np.matvec` | batches of matrix-vector products, but for many tiny ones |
| `np.einsum` | the rest: its C loop reads and writes once |

The limits are measured: one thread, float64, microseconds unless told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from string import ascii_letters
from typing import Any, NamedTuple

import numpy as np
from numpy._core import multiarray

from ..plain import upper_product
from .views import View, apart, between, broadcast, compacted, copies, grouped, joined, permuted

__all__ = ["LOOP_LIMIT", "SYMMETRIC_LIMIT", "Kernel", "pair_kernel", "product_into", "swapped", "upper_kernel"]

Numbers = tuple[int, ...]

LOOP_LIMIT = 20_000
"""Multiply-adds below which a label that only one factor carries is summed in einsum's loop, not before the product."""

_einsum = getattr(multiarray, "c_einsum", np.einsum)
"""The loop of `np.einsum` itself, for ndarrays alone: 1.4 against 2.3 for the function of Python around it."""

TINY_PRODUCT = 32
"""Entries up to which einsum's loop takes what another function would have to see with other axes: 3 x 3 1.4 against
1.6."""

PRODUCT_LIMITS = 2_500, 2**20, 3 * 2**19
"""Entries between which einsum's loop writes a product with broadcasting faster than `np.multiply`. Scaled rows: 48 x
48 3.6 against 3.0, 100 x 100 7.8 against 9.2, 1000 x 1000 925 against 1110, but 1500 x 1500 4.9 against 3.8 ms, since
the loop fills with zeros first. Where neither factor has all labels, it pays for longer: outer 1000 x 1500 1.0 against
1.6, 3000 x 3000 22 against 15 ms."""

TRANSPOSED_LIMIT = 2**21
"""Entries above which einsum's loop is faster for two layouts of the same labels: 100 x 100 12 against 10, 1000 x 1000
equal, 3000 x 3000 59 against 92 ms."""

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

INNER_LIMITS = 40, 1_000
"""Inner products in a batch up to which it goes to `np.vecdot`, and multiply-adds if what is summed does not lie in one
piece: 20 of 50 0.92 against 1.27, 10 of 1000 2.9 against 4.5, but 100 of 10 1.80 against 1.56, 10,000 of 3 83 against
50, and 500 over the first of 2000 x 500 12.6 against 0.5 ms."""

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


class Kernel(NamedTuple):
    """``run(a, b)`` has its axes in the order of `labels`; an exact kernel is called ``run(a, b, out)``."""

    labels: Numbers
    run: Callable[..., Any]


class _Groups(NamedTuple):
    """The labels of a sum over pairs: in both and kept, of the left, of the right, in both and summed."""

    batch: Numbers
    rows: Numbers
    columns: Numbers
    summed: Numbers


def pair_kernel(left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int], *, exact: bool = False) -> Kernel:
    """How to multiply two arrays and sum over all labels that are not in `result`.

    Parameters
    ----------
    left, right, result : tuple of int
        Label numbers of the axes; each label of `result` is in `left` or `right`.
    sizes : sequence of int
        By label number.
    exact : bool
        Whether the result is written into an array whose axes are `result`; else the order is the kernel's choice.
    """
    both = set(left) & set(right)
    if any(n not in both and n not in result for n in left + right):
        return _summed_first(left, right, result, sizes, exact)
    summed = tuple([n for n in left if n not in result])
    if not summed:
        return _product(left, right, result, sizes, exact)
    batch = tuple([n for n in result if n in both])
    rows = tuple([n for n in left if n not in both])
    columns = tuple([n for n in right if n not in both])
    if not rows and not columns:
        return _inner(left, right, result, sizes, summed, exact)
    unshared = [n for n in result if n not in both]
    if not rows or (columns and unshared[-1 if exact else 0] in (rows if exact else columns)):
        # What is written must end in columns; where the order is ours, it starts as the result does.
        kernel = _sum(right, left, result, sizes, _Groups(batch, columns, rows, summed), exact)
        return Kernel(kernel.labels, swapped(kernel.run))
    return _sum(left, right, result, sizes, _Groups(batch, rows, columns, summed), exact)


def product_into(left: Numbers, right: Numbers, sizes: Sequence[int]) -> Kernel:
    """The product of an array that nobody needs any more with one that carries no other labels, written into it.

    No memory is fresh, so that it takes half of the time: 1.3 million numbers 2.1 against 4.1 ms.
    """
    view = broadcast(right, [(n,) for n in left], sizes) if left != right else None

    def run(a: Any, b: Any) -> Any:
        b = b if view is None else view(b)
        return np.multiply(a, b, a) if a.dtype == b.dtype else np.multiply(a, b)

    return Kernel(left, run)


def upper_kernel(left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int]) -> Kernel | None:
    """The exact kernel of a symmetric matrix, rows before columns, that writes its upper triangle only.

    None where it is no product of matrices, or so small that nothing is saved.
    """
    half = next((n for n in range(len(result)) if _size(result[:n], sizes) == _size(result[n:], sizes)), 0)
    rows, columns = result[:half], result[half:]
    if set(rows).isdisjoint(left) and not set(rows).isdisjoint(right):
        kernel = upper_kernel(right, left, result, sizes)
        return None if kernel is None else Kernel(result, swapped(kernel.run))
    summed = tuple([n for n in left if n not in result])
    alike = {*left} == {*rows, *summed} and {*right} == {*columns, *summed}
    if not half or not summed or not alike or _size(rows, sizes) < SYMMETRIC_LIMIT:
        return None
    summed = _order_of_larger(left, right, summed, sizes)
    view_a, view_b = grouped(left, [rows, summed], sizes), grouped(right, [summed, columns], sizes)
    shape = (_size(rows, sizes), _size(columns, sizes))

    def run(a: Any, b: Any, out: Any) -> Any:
        if a.dtype != out.dtype or b.dtype != out.dtype:
            a, b = a.astype(out.dtype), b.astype(out.dtype)
        a = a if view_a is None else view_a(a)
        b = b if view_b is None else view_b(b)
        upper_product(a, b, out.reshape(shape))
        return out

    return Kernel(result, run)


def swapped(run: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of both arrays in the other order."""
    return lambda a, b, *out: run(b, a, *out)


def _size(labels: Numbers, sizes: Sequence[int]) -> int:
    return prod([sizes[n] for n in labels])


def _loop(left: Numbers, right: Numbers, result: Numbers, exact: bool) -> Kernel:
    """Einsum's own loop."""
    letter = dict(zip(dict.fromkeys(left + right), ascii_letters, strict=False))
    words = ["".join([letter[n] for n in labels]) for labels in (left, right, result)]
    expression = f"{words[0]},{words[1]}->{words[2]}"
    return Kernel(result, partial(_einsum, expression) if not exact else _loop_into(expression))


def _loop_into(expression: str) -> Callable[..., Any]:
    return lambda a, b, out: _einsum(expression, a, b, out=out)


def _summed_first(left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int], exact: bool) -> Kernel:
    """Labels that one factor carries alone are summed in it, unless all is so small that one loop is faster."""
    if _size(tuple({*left, *right}), sizes) < LOOP_LIMIT:
        return _loop(left, right, result, exact)
    needed = {*result, *(set(left) & set(right))}
    gone = [tuple([axis for axis, n in enumerate(labels) if n not in needed]) for labels in (left, right)]
    kept = [tuple([n for n in labels if n in needed]) for labels in (left, right)]
    kernel = pair_kernel(kept[0], kept[1], result, sizes, exact=exact)

    def run(a: Any, b: Any, *out: Any) -> Any:
        a = np.sum(a, axis=gone[0]) if gone[0] else a
        b = np.sum(b, axis=gone[1]) if gone[1] else b
        return kernel.run(a, b, *out)

    return Kernel(kernel.labels, run)


def _product(left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int], exact: bool) -> Kernel:
    """No sum: entries are multiplied, and written once."""
    if left == right == result:
        return Kernel(result, np.multiply)
    entries = _size(result, sizes)
    most = PRODUCT_LIMITS[1 if len(result) in (len(left), len(right)) else 2]
    alike = set(left) == set(right)
    if alike:
        if entries > TRANSPOSED_LIMIT:
            return _loop(left, right, result, exact)
    else:
        if not exact and entries > PRODUCT_LIMITS[0] and set(left).isdisjoint(right):
            result = left + right
        if PRODUCT_LIMITS[0] < entries < most:
            return _loop(left, right, result, exact)
    groups = [(n,) for n in result] if exact else joined(result, (left, right))
    view_a, view_b = broadcast(left, groups, sizes), broadcast(right, groups, sizes)
    if entries <= TINY_PRODUCT if not (view_a and view_b) else alike or entries < most:
        return _loop(left, right, result, exact)
    if not exact:
        shape = tuple([sizes[n] for n in result]) if len(groups) < len(result) else None
        return Kernel(result, _called(np.multiply, view_a, view_b, shape))

    def run(a: Any, b: Any, out: Any) -> Any:
        return np.multiply(a if view_a is None else view_a(a), b if view_b is None else view_b(b), out)

    return Kernel(result, run)


def _inner(
    left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int], summed: Numbers, exact: bool
) -> Kernel:
    """All labels are shared."""
    entries, pieces = _size(left, sizes), left[: len(result)] == result
    many = _size(result, sizes) > INNER_LIMITS[0] or (entries > INNER_LIMITS[1] and not pieces)
    if exact or left != right or (result and many):
        return _loop(left, right, result, exact)
    if not result:
        flat = (-1,)
        return Kernel(result, np.ndarray.dot if len(left) == 1 else lambda a, b: a.reshape(flat).dot(b.reshape(flat)))
    groups = [*[(n,) for n in result], summed]
    if copies(left, groups):
        return _loop(left, right, result, exact)
    view, loop = grouped(left, groups, sizes), _loop(left, right, result, exact).run
    if view is not None and entries <= TINY_PRODUCT:
        return Kernel(result, loop)

    def run(a: Any, b: Any) -> Any:
        if a.dtype.kind == "c" or b.dtype.kind == "c":  # np.vecdot takes the conjugate of the first
            return loop(a, b)
        return np.vecdot(a, b) if view is None else np.vecdot(view(a), view(b))

    return Kernel(result, run)


def _sum(left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int], groups: _Groups, exact: bool) -> Kernel:
    """A matrix product for each batch index; the left one has rows."""
    batch, rows, columns, summed = groups
    if batch and not columns:
        matrix = _size(rows + summed, sizes)
        in_batch = left[-1] in batch and right[-1] in batch
        if in_batch or (matrix < MATVEC_LIMITS[0] and matrix * _size(batch, sizes) > MATVEC_LIMITS[1]):
            return _loop(left, right, result, exact)
    if not exact:
        return _natural(left, right, result, sizes, groups)
    inner_rows, outer_rows = apart(result, rows)
    inner_columns, outer_columns = apart(result, columns)
    entries = _size(inner_rows + inner_columns, sizes)
    if not columns or result[-1] in batch or (entries < STRIDED_LIMIT and len(result) > 2):
        return _copied(_natural(left, right, result, sizes, groups), result)
    outer = (*batch, *outer_rows, *outer_columns)
    seen = [(n,) for n in outer]
    summed = _order_of_larger(left, right, summed, sizes)
    view_a = grouped(left, [*seen, inner_rows, summed], sizes, compact=True)
    view_b = _straight(right, [*seen, summed, inner_columns], sizes, _size(left, sizes))
    view_out = permuted(result, (*outer, *inner_rows, *inner_columns))
    shape = (*[sizes[n] for n in outer], _size(inner_rows, sizes), _size(inner_columns, sizes))

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


def _natural(left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int], groups: _Groups) -> Kernel:
    """The product as it comes: batch, rows, columns, each in the order of the factor."""
    batch, rows, columns, summed = groups
    summed = _order_of_larger(left, right, summed, sizes)
    labels = (*batch, *rows, *columns)
    shape: Numbers | None = tuple([sizes[n] for n in labels])
    work = _size(labels + summed, sizes)
    single = [(n,) for n in batch]
    if work < COPY_LIMIT and (
        copies(left, [*single, rows, summed], compact=bool(batch))
        or copies(right, [*single, summed, columns], compact=bool(batch and columns))
    ):
        return _loop(left, right, result, False)
    before, behind = ((), ()) if batch or columns else between(left, summed)
    if before:  # 200 x 200 x 50, summed in the middle: 0.8 against 2.4 ms for a copy
        if _size(behind + summed, sizes) < MATVEC_LIMITS[0]:
            return _loop(left, right, result, False)
        view = grouped(left, [before, behind, summed], sizes)
        return Kernel(labels, _called(np.matvec, view, grouped(right, [summed], sizes), shape))
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
            view_b = _straight(right, [*seen, summed, columns], sizes, _size(left, sizes))
        else:
            view_b = grouped(right, [*seen, summed], sizes)
        call = np.matmul if columns else np.matvec
    else:
        view_a = grouped(left, [rows, summed], sizes)
        view_b = grouped(right, [summed, columns] if columns else [summed], sizes)
        call = np.ndarray.dot if work < GEMM_LIMIT or not columns else np.matmul
    if len(rows) == 1 and len(columns) < 2:
        shape = None
    return Kernel(labels, _called(call, view_a, view_b, shape))


def _straight(right: Numbers, groups: Sequence[Numbers], sizes: Sequence[int], entries: int) -> View | None:
    """How to see the matrices on the right, which are multiplied by so many entries; small ones are copied."""
    view = grouped(right, groups, sizes, compact=True)
    *_, rows, columns = groups
    turned = bool(columns) and right[-1] in rows and 8 * _size(right, sizes) <= entries
    if turned and _size(rows + columns, sizes) <= TURNED_LIMIT and not copies(right, groups, compact=True):
        return compacted(view)
    return view


def _called(call: Callable[..., Any], view_a: View | None, view_b: View | None, shape: Numbers | None) -> Any:
    """The call on two views, its result with another shape."""
    if view_a is None and view_b is None and shape is None:
        return call

    def run(a: Any, b: Any) -> Any:
        a = a if view_a is None else view_a(a)
        b = b if view_b is None else view_b(b)  # what was copied is free, if nobody else has it
        c = call(a, b)
        return c if shape is None else c.reshape(shape)

    return run


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
    order = left if _size(left, sizes) >= _size(right, sizes) else right
    return tuple([n for n in order if n in summed])


def _runs_along(rows: Numbers, others: Numbers, sizes: Sequence[int]) -> bool:
    """Whether rows of several labels are faster one by one than flattened."""
    if len(rows) < 2:
        return False
    last, work = sizes[rows[-1]], sizes[rows[-1]] * _size(others, sizes)
    whole = _size(rows + others, sizes)
    return whole > SMALL_GEMM and (last >= 128 or (last >= 16 and work <= SMALL_GEMM))
