"""Sums of products as one GEMM.

Terms without deltas and maps often split into a factor over some indices of the result and a factor over others: a low
rank update, an outer product for each example. The sum of all of them is then one batched matrix product of their
factors side by side, which writes the result once, where adding them one by one reads and writes it for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from ..labels import Axis, Label, flatten, size_of
from ..plain import upper_product
from ..terms import Factor, Term
from .network import contract_factors
from .reduction import scale_smallest

__all__ = ["write_stacked"]

STACK_LIMIT = 2**14
"""Entries of the result from which a plan is looked for."""

ADDING = 5
"""Passes over the result that one more term costs if it is added: written, read, the sum read and written, partly in
fresh memory."""

MULTIPLYING = 8
"""Multiply-adds of the product that take as long as one entry of a pass."""


class _Split(NamedTuple):
    """A term as a product of two groups of factors, summed over the labels that both carry."""

    term: Term
    left: list[Factor]
    right: list[Factor]
    summed: Axis
    scale: float


class _Cut(NamedTuple):
    """Where the labels of the result are cut into batch, rows and columns; the terms that split so, and the others."""

    rows: int
    columns: int
    splits: list[_Split]
    rest: list[Term]


def write_stacked(buffer: np.ndarray, terms: Sequence[Term], *, symmetric: bool = False) -> list[Term] | None:
    """Write the sum of as many terms as pays into a contiguous buffer; the others, or None if it pays for none.

    Parameters
    ----------
    buffer : ndarray of shape out_shape + in_shape
        Overwritten.
    terms : sequence of Term
        Of ndarrays, without maps, all labels of out and inp different.
    symmetric : bool
        Whether their sum is known to be a symmetric matrix, of which only the upper triangle must be written.
    """
    if len(terms) < 2 or buffer.size < STACK_LIMIT:
        return None
    sizes = [label.size for label in flatten(terms[0].out + terms[0].inp)]
    alike = [term for term in terms if [label.size for label in flatten(term.out + term.inp)] == sizes]
    cut = _best_cut(alike, sizes)
    if cut is None:
        return None
    rest = [*cut.rest, *[term for term in terms if not any(term is other for other in alike)]]
    _multiply_stacked(buffer, cut, sizes, symmetric and not rest)
    return rest


def _best_cut(terms: list[Term], sizes: list[int]) -> _Cut | None:
    """The cheapest way to cut the labels, if it is cheaper than adding."""
    entries, best = prod(sizes), None
    least = entries * (1 + ADDING * (len(terms) - 1)) * 1.0
    for columns in range(1, len(sizes)):
        for rows in range(columns):
            splits = [_split(term, rows, columns) for term in terms]
            found = [split for split in splits if split is not None]
            depth = sum(size_of(split.summed) for split in found)
            stacked = depth * prod(sizes[:rows]) * (prod(sizes[rows:columns]) + prod(sizes[columns:]))
            cost = entries * (1 + ADDING * (len(terms) - len(found)) + depth / MULTIPLYING) + 2 * stacked
            if len(found) > 1 and cost < least:
                rest = [term for term, split in zip(terms, splits, strict=True) if split is None]
                least, best = cost, _Cut(rows, columns, found, rest)
    return best


def _split(term: Term, rows: int, columns: int) -> _Split | None:
    """The term as a product of factors without columns and factors without rows."""
    labels = flatten(term.out + term.inp)
    in_rows, in_columns = set(labels[rows:columns]), set(labels[columns:])
    left: list[Factor] = []
    right: list[Factor] = []
    for factor in term.factors:
        assert isinstance(factor, Factor)
        if in_columns.isdisjoint(factor.labels):
            left.append(factor)
        elif in_rows.isdisjoint(factor.labels):
            right.append(factor)
        else:
            return None
    carried = [{label for factor in group for label in factor.labels} for group in (left, right)]
    summed = tuple([label for label in term.bound if label in carried[0] and label in carried[1]])
    ones = [label for label in term.bound if label not in carried[0] and label not in carried[1]]
    return _Split(term, left, right, summed, term.scale * size_of(ones))


def _multiply_stacked(buffer: np.ndarray, cut: _Cut, sizes: list[int], symmetric: bool) -> None:
    """The factors of all splits side by side, and their product."""
    rows, columns, splits, _ = cut
    dtype = np.result_type(*[factor.dtype for split in splits for factor in (*split.left, *split.right)], 0.0)
    depth = sum(size_of(split.summed) for split in splits)
    left = np.empty((*sizes[:rows], depth, *sizes[rows:columns]), dtype)
    right = np.empty((*sizes[:rows], depth, *sizes[columns:]), dtype)
    start = 0
    for split in splits:
        labels = flatten(split.term.out + split.term.inp)
        batch, stop = labels[:rows], start + size_of(split.summed)
        place = (slice(None),) * rows + (slice(start, stop),)
        _fill(left[place], split.left, batch, split.summed, labels[rows:columns], split.scale)
        _fill(right[place], split.right, batch, split.summed, labels[columns:], 1.0)
        start = stop
    shape = prod(sizes[:rows]), prod(sizes[rows:columns]), prod(sizes[columns:])
    left, right = left.reshape((shape[0], depth, shape[1])), right.reshape((shape[0], depth, shape[2]))
    if symmetric and rows == 0 and shape[1] == shape[2]:
        upper_product(left[0].T, right[0], buffer.reshape(shape[1:]))
    else:
        np.matmul(left.swapaxes(1, 2), right, out=buffer.reshape(shape))


def _fill(target: np.ndarray, factors: list[Factor], batch: Axis, summed: Axis, group: Axis, scale: float) -> None:
    """Write a product of factors, broadcast to batch, summed, group."""
    labels: tuple[Label, ...] = (*batch, *summed, *group)
    if not factors:
        target[...] = scale
        return
    target = target.reshape([label.size for label in labels])  # the summed labels apart: a view
    carried = {label for factor in factors for label in factor.labels}
    if len(factors) > 1 and carried.issuperset(labels) and all([f.dtype == target.dtype for f in factors]):
        contract_factors(scale_smallest(factors, scale), labels, target)
        return
    core = contract_factors(factors, labels).spread(labels)
    if scale == 1:
        target[...] = core
    else:
        np.multiply(core, scale, out=target, casting="same_kind")
