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

from collections.abc import Sequence
from typing import Any

import numpy as np

from .calls import Kernel, Numbers, called, looped, size_of, swapped
from .matrices import Groups, matrix_kernel
from .views import broadcast, copies, grouped, joined

__all__ = ["LOOP_LIMIT", "pair_kernel", "product_into"]

LOOP_LIMIT = 20_000
"""Multiply-adds below which a label that only one factor carries is summed in einsum's loop, not before the product."""

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

INNER_LIMITS = 40, 1_000
"""Inner products in a batch up to which it goes to `np.vecdot`, and multiply-adds if what is summed does not lie in one
piece: 20 of 50 0.92 against 1.27, 10 of 1000 2.9 against 4.5, but 100 of 10 1.80 against 1.56, 10,000 of 3 83 against
50, and 500 over the first of 2000 x 500 12.6 against 0.5 ms."""


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
        kernel = matrix_kernel(right, left, result, sizes, Groups(batch, columns, rows, summed), exact)
        return Kernel(kernel.labels, swapped(kernel.run))
    return matrix_kernel(left, right, result, sizes, Groups(batch, rows, columns, summed), exact)


def product_into(left: Numbers, right: Numbers, sizes: Sequence[int]) -> Kernel:
    """The product of an array that nobody needs any more with one that carries no other labels, written into it.

    No memory is fresh, so that it takes half of the time: 1.3 million numbers 2.1 against 4.1 ms.
    """
    view = broadcast(right, [(n,) for n in left], sizes) if left != right else None

    def run(a: Any, b: Any) -> Any:
        b = b if view is None else view(b)
        return np.multiply(a, b, a) if a.dtype == b.dtype else np.multiply(a, b)

    return Kernel(left, run)


def _summed_first(left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int], exact: bool) -> Kernel:
    """Labels that one factor carries alone are summed in it, unless all is so small that one loop is faster."""
    if size_of(tuple({*left, *right}), sizes) < LOOP_LIMIT:
        return looped(left, right, result, exact)
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
    entries = size_of(result, sizes)
    most = PRODUCT_LIMITS[1 if len(result) in (len(left), len(right)) else 2]
    alike = set(left) == set(right)
    if alike:
        if entries > TRANSPOSED_LIMIT:
            return looped(left, right, result, exact)
    else:
        if not exact and entries > PRODUCT_LIMITS[0] and set(left).isdisjoint(right):
            result = left + right
        if PRODUCT_LIMITS[0] < entries < most:
            return looped(left, right, result, exact)
    groups = [(n,) for n in result] if exact else joined(result, (left, right))
    view_a, view_b = broadcast(left, groups, sizes), broadcast(right, groups, sizes)
    if entries <= TINY_PRODUCT if not (view_a and view_b) else alike or entries < most:
        return looped(left, right, result, exact)
    if not exact:
        shape = tuple([sizes[n] for n in result]) if len(groups) < len(result) else None
        return Kernel(result, called(np.multiply, view_a, view_b, shape))

    def run(a: Any, b: Any, out: Any) -> Any:
        return np.multiply(a if view_a is None else view_a(a), b if view_b is None else view_b(b), out)

    return Kernel(result, run)


def _inner(
    left: Numbers, right: Numbers, result: Numbers, sizes: Sequence[int], summed: Numbers, exact: bool
) -> Kernel:
    """All labels are shared."""
    entries, pieces = size_of(left, sizes), left[: len(result)] == result
    many = size_of(result, sizes) > INNER_LIMITS[0] or (entries > INNER_LIMITS[1] and not pieces)
    if exact or left != right or (result and many):
        return looped(left, right, result, exact)
    if not result:
        flat = (-1,)
        return Kernel(result, np.ndarray.dot if len(left) == 1 else lambda a, b: a.reshape(flat).dot(b.reshape(flat)))
    groups = [*[(n,) for n in result], summed]
    if copies(left, groups):
        return looped(left, right, result, exact)
    view, loop = grouped(left, groups, sizes), looped(left, right, result, exact).run
    if view is not None and entries <= TINY_PRODUCT:
        return Kernel(result, loop)

    def run(a: Any, b: Any) -> Any:
        if a.dtype.kind == "c" or b.dtype.kind == "c":  # np.vecdot takes the conjugate of the first
            return loop(a, b)
        return np.vecdot(a, b) if view is None else np.vecdot(view(a), view(b))

    return Kernel(result, run)
