"""Products with two constant matrices, one after the other, as a product with one.

    A @ (X @ W)      becomes    (A @ X) @ W      with A @ X made once, where that multiplies less

An operator and the data that it meets first: a graph and the features of its vertices, a filter and a signal. Either
may be sparse; what is kept is a matrix that is no larger than one of the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...arrays import sparse_product
from ...plain import RowSums
from ...program import CONSTANT, Node, uses_of
from .rewriting import Builder, revised
from .segments import summed_rows

__all__ = ["chained"]

_SPARSE = 5
"""Multiplications with a dense matrix that take as long as one with a sparse one."""

_LEAST = 4096
"""Entries of constants below which a call costs more than its multiplications."""

_DENSE = (np.matmul, np.dot)


class _Factor(NamedTuple):
    """A product with a constant: which, on which side, and of what."""

    constant: Any
    left: bool
    rest: Node

    @property
    def work(self) -> int:
        """Multiplications for each row or column of the rest."""
        matrix = self.constant
        if isinstance(matrix, np.ndarray):
            return matrix.size
        return _SPARSE * (len(matrix.columns) if type(matrix) is RowSums else matrix.nnz)


def chained(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    if sum([_factor(node) is not None for node in nodes]) < 2:
        return outputs
    uses = uses_of(nodes, outputs)
    readers: Counter[int] = Counter()
    builder = Builder({})

    def change(node: Node, made: Node) -> Node:
        outer = _factor(made)
        inner = None if outer is None else _factor(outer.rest)
        if outer is not None and inner is not None and _pays(outer, inner, readers[id(outer.rest)] == 1):
            matrix = builder.constant(_product(outer, inner))
            pair = (matrix, inner.rest) if outer.left else (inner.rest, matrix)
            made = builder.made(np.matmul, pair, {}, node.shape, node.dtype)
        readers[id(made)] += uses[node]
        return made

    return revised(outputs, nodes, builder, change)


def _factor(node: Node) -> _Factor | None:
    """A product of matrices one of which is constant."""
    if node.ndim != 2 or node.kwargs or node.dtype not in (np.float32, np.float64):
        return None
    if node.function in (sparse_product, summed_rows):
        return _Factor(node.args[1], True, node.args[0])
    if node.function not in _DENSE or len(node.args) != 2:
        return None
    a, b = node.args
    if not (isinstance(a, Node) and isinstance(b, Node)) or a.ndim != 2 or b.ndim != 2 or a.dtype != b.dtype:
        return None
    if a.function is CONSTANT:
        return _Factor(a.args[0], True, b)
    return _Factor(b.args[0], False, a) if b.function is CONSTANT else None


def _pays(outer: _Factor, inner: _Factor, alone: bool) -> bool:
    """Whether one product is less work than two, of which the first may have other readers."""
    dense = [factor.constant for factor in (outer, inner) if isinstance(factor.constant, np.ndarray)]
    if outer.left != inner.left or not dense or outer.constant.dtype != inner.constant.dtype:
        return False
    rows, columns = (outer, inner) if outer.left else (inner, outer)
    size = rows.constant.shape[0] * columns.constant.shape[1]
    before = outer.work + (inner.work if alone else 0)
    return before >= _LEAST and size <= max([matrix.size for matrix in dense]) and 1.1 * size < before


def _product(outer: _Factor, inner: _Factor) -> np.ndarray:
    left, right = (outer.constant, inner.constant) if outer.left else (inner.constant, outer.constant)
    if isinstance(right, np.ndarray):
        return np.ascontiguousarray(left @ right)
    return np.ascontiguousarray((right.T @ left.T).T)
