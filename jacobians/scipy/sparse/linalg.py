"""Solutions of sparse systems, differentiable in the right-hand side.

The matrix is factorised once; the same factors serve products of the derivative in both directions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse.linalg as original

from ...arrays import SparseSystem, is_sparse, sparse_solve
from ...errors import ArgumentError
from ..standing import follows, is_recorded, missing

__all__ = ["factorized", "spsolve"]


def _system(function: str, A: Any) -> tuple[np.ndarray, SparseSystem]:
    """The entries of a square sparse matrix, and their positions."""
    if is_recorded((A,)) or not is_sparse(A):
        advice = "Give a SciPy sparse matrix of numbers, or use np.linalg.solve."
        raise ArgumentError(f"jacobians.scipy.sparse.linalg.{function}", "A", f"is a {type(A).__name__}", advice)
    if A.ndim != 2 or A.shape[0] != A.shape[1]:
        raise ValueError(f"matrix must be square (has shape {A.shape})")
    triplets = A.tocoo()
    entries = np.array(triplets.data)
    entries = entries if entries.dtype.kind in "fc" else entries.astype(float)
    return entries, SparseSystem(triplets.row, triplets.col, A.shape[0])


@follows(original.spsolve)
def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    entries, system = _system("spsolve", A)
    if np.shape(b)[:1] != (system.size,):
        raise ValueError(f"matrix - rhs dimension mismatch ({A.shape} - {np.shape(b)})")
    solution = sparse_solve(entries, b, system)
    return np.reshape(solution, (-1,)) if np.shape(b)[1:] == (1,) else solution


def factorized(A: Any) -> Callable[[Any], Any]:
    """``solve(b)`` with a sparse matrix that is factorised once, at the first call."""
    entries, system = _system("factorized", A)

    def solve(b: Any) -> Any:
        return sparse_solve(entries, b if hasattr(b, "shape") else np.asarray(b), system)

    return solve


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, __all__)
