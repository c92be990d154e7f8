"""Sparse matrices that a function closes over: copied once, in a form that is multiplied fast."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["captured_matrix"]


def captured_matrix(matrix: Any, known: list[Any]) -> Any:
    """A compressed copy of a sparse matrix that nobody writes to: the same one for equal matrices.

    Parameters
    ----------
    matrix : sparse matrix or array of SciPy
    known : list
        The copies that have been made; a new one is appended.
    """
    copied = matrix.copy() if matrix.format in ("csr", "csc") else matrix.tocsr(copy=True)
    for other in known:
        if _alike(copied, other):
            return other
    for array in _arrays(copied):
        array.flags.writeable = False
    known.append(copied)
    return copied


def _arrays(matrix: Any) -> tuple[np.ndarray, ...]:
    return matrix.data, matrix.indices, matrix.indptr


def _alike(a: Any, b: Any) -> bool:
    if type(a) is not type(b) or a.shape != b.shape or a.dtype != b.dtype:
        return False
    return all(ours.tobytes() == theirs.tobytes() for ours, theirs in zip(_arrays(a), _arrays(b), strict=True))
