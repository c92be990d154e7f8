"""Products and solutions with sparse matrices: the positions of the entries are maps, so nothing becomes denser.

- `sparse_term`: the term of a product with a sparse matrix.
- `operator_term`, `operator_factors`: an operator as a term or as factors of one, also where a group has size 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..arrays import SparseSystem, sparse_product, sparse_solve
from ..labels import Axes, Axis, Label, axes_of, flatten
from ..registry import Call, LocalTerm, local
from ..terms import Factor, LinearOperation, Map, OperatorFactor, Term

__all__ = ["SparseInverse", "operator_factors", "operator_term", "sparse_term"]

AnyFactor = Factor | OperatorFactor


def operator_factors(
    operation: LinearOperation, left: Axis, right: Axis, name: str
) -> tuple[tuple[AnyFactor, ...], Axis]:
    """An operator between two groups of labels as factors, and the labels that they bind.

    A group of size 1 is empty, but an operator is applied along labels: it gets one, which a factor of a one carries.
    """
    ones = [Factor(np.ones(1, operation.dtype), (Label(1),)) for group in (left, right) if not group]
    (left, right) = (left or ones[0].labels, right or ones[-1].labels)
    factor = OperatorFactor(operation, left, right, name)
    return (factor, *ones), tuple([label for one in ones for label in one.labels])


def operator_term(operation: LinearOperation, out: Axes, inp: Axes, name: str) -> Term:
    """The term of an operator between two arrays, which it sees raveled."""
    factors, bound = operator_factors(operation, flatten(out), flatten(inp), name)
    return Term(out, inp, factors, bound=bound)


def sparse_term(matrix: Any, out: Axes, inp: Axes, shared: Axes = ()) -> Term:
    """The term of a sparse matrix from the raveled `inp` to the raveled `out`; `shared` axes stand behind both."""
    triplets = matrix.tocoo()
    entries = np.array(triplets.data)  # the caller may change its own
    (axis,) = axes_of(entries.shape)
    factor = Factor.on(entries if entries.dtype.kind in "fc" else entries.astype(float), (axis,))
    sides = ((flatten(out), triplets.row), (flatten(inp), triplets.col))
    maps = tuple([Map.of(side, axis, index) for side, index in sides if side])
    bound = axis
    return Term((*out, *shared), (*inp, *shared), (factor,), maps, bound)


class SparseInverse:
    """The inverse of a sparse matrix: ``apply`` solves with it, ``apply_transposed`` with its transpose."""

    def __init__(self, entries: Any, system: SparseSystem, transposed: bool = False) -> None:
        if entries.dtype.kind not in "fc":  # its inverse is not one of integers
            entries = np.astype(entries, float)
        self.entries, self.system, self.transposed = entries, system, transposed
        self.dtype = entries.dtype
        self.nbytes = entries.nbytes + system.rows.nbytes + system.columns.nbytes

    def apply(self, array: Any) -> Any:
        """The solution for each column."""
        return sparse_solve(self.entries, array, self.system, self.transposed)

    def apply_transposed(self, array: Any) -> Any:
        """The solution of the transposed system for each column."""
        return sparse_solve(self.entries, array, self.system, not self.transposed)

    def with_arrays(self, change: Callable[[Any], Any]) -> SparseInverse:
        """The same operation on other arrays of the same numbers."""
        return SparseInverse(change(self.entries), self.system, self.transposed)


@local(sparse_product)
def _sparse_product(call: Call, array: Any, matrix: Any) -> Iterator[LocalTerm]:
    out, inp = axes_of(matrix.shape[:1]), axes_of(matrix.shape[1:])
    yield 0, 0, sparse_term(matrix, out, inp, axes_of(np.shape(array)[1:]))


@local(sparse_solve)
def _sparse_solve(
    call: Call, entries: Any, array: Any, system: SparseSystem, transposed: bool = False
) -> Iterator[LocalTerm]:
    # A x = b: dx = inv(A) (db - dA x)
    x = call.result
    (out,), (inp,), rest = axes_of((system.size,)), axes_of((system.size,)), axes_of(np.shape(x)[1:])
    inverse, ones = operator_factors(SparseInverse(entries, system, transposed), out, inp, "solve")
    if call.needs(1):
        yield 0, 1, Term((out, *rest), (inp, *rest), inverse, bound=ones)
    if call.needs(0):
        rows, columns = (system.columns, system.rows) if transposed else (system.rows, system.columns)
        (entry,) = axes_of(np.shape(entries))
        solution = Factor.on(np.take(x, columns, axis=0), (entry, *rest))
        maps = (Map.of(inp, entry, rows),) if inp else ()
        yield 0, 0, Term((out, *rest), (entry,), (*inverse, solution), maps, (*inp, *ones), -1.0)
