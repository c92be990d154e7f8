"""The inverse of a square Jacobian, in the form that its structure allows.

- a diagonal: division, and the inverse is diagonal again;
- a sparse one: a sparse LU decomposition; a dense one: LU; each is made once, and solves in both directions;
- "iterative": nothing is written out, each product is a solution by iteration.

Entries may be traced by an outer derivative, which then passes through the solution.
"""

from __future__ import annotations

import warnings
from math import prod
from typing import Any

import numpy as np

from ..arrays import SparseSystem
from ..contract import to_coo
from ..labels import axes_of
from ..rules.sparse import SparseInverse, operator_term
from ..tensor import Jacobian
from ..tensor.results import triplet_count
from ..terms import Factor, LinearOperation, Term

__all__ = ["DenseInverse", "inverse_term"]

_SMALL = 64
_FILLED = 0.1


class DenseInverse:
    """The inverse of a matrix: ``apply`` solves with it, ``apply_transposed`` with its transpose."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix
        self.dtype, self.nbytes = matrix.dtype, matrix.nbytes
        self._factorised: Any = None

    def apply(self, array: Any) -> Any:
        """The solution for each column."""
        return self._solved(array, 0)

    def apply_transposed(self, array: Any) -> Any:
        """The solution of the transposed system for each column."""
        return self._solved(array, 1)

    def _solved(self, array: Any, transposed: int) -> Any:
        columns = np.reshape(array, (np.shape(array)[0], -1))
        if type(self.matrix) is np.ndarray and type(columns) is np.ndarray:
            from scipy.linalg import lu_factor, lu_solve  # slow to import

            if self._factorised is None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of a singular matrix, for which an error is raised here
                    self._factorised = lu_factor(self.matrix)
                if not np.all(np.diagonal(self._factorised[0])):
                    raise np.linalg.LinAlgError("Singular matrix")
            found: Any = lu_solve(self._factorised, columns, transposed)
        else:
            found = np.linalg.solve(np.transpose(self.matrix) if transposed else self.matrix, columns)
        return np.reshape(found, np.shape(array))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_factorised": None}


def inverse_term(J: Jacobian, method: str) -> Term:
    """The term of the inverse of a square Jacobian.

    Parameters
    ----------
    J : Jacobian
        From an array of some shape to one of the same shape.
    method : "auto", "diagonal", "sparse" or "dense"
    """
    shape, size = J.in_shape, prod(J.in_shape)
    if method == "auto":
        method = _suggested(J, size)
    if method == "diagonal":
        axes = axes_of(shape)
        return Term(axes, axes, (Factor.on(1 / J.diagonal(), axes),))
    if method == "sparse":
        rows, columns, entries = [np.concatenate(part) for part in zip(*to_coo(J.terms, J.dtype), strict=True)]
        operation: LinearOperation = SparseInverse(entries, SparseSystem(rows, columns, size))
    else:
        operation = DenseInverse(J.to_matrix())
    return operator_term(operation, axes_of(shape), axes_of(shape), "solve")


def _suggested(J: Jacobian, size: int) -> str:
    """What the labels of the terms suggest; nothing is guessed from numbers."""
    if J.is_diagonal:
        return "diagonal"
    return "sparse" if size > _SMALL and sum(map(triplet_count, J.terms)) < _FILLED * size * size else "dense"
