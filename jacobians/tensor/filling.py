"""The dense array of a Jacobian, in fresh memory or in an array of the caller's.

Fresh memory of many megabytes is handed out page by page, which takes longer than most Jacobians; an array that is
filled again and again is there already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..contract import to_dense, to_symmetric
from ..errors import ArgumentError, ShapeError
from ..terms import Factor, Term

__all__ = ["dense_array"]


def dense_array(terms: Sequence[Term], shape: tuple[int, ...], dtype: np.dtype, symmetric: bool, out: Any) -> Any:
    """The sum of terms as an array, or written into `out`, which is returned then."""
    written = to_symmetric if symmetric else to_dense
    if out is None:
        return written(terms, shape, dtype)
    _check(out, shape, dtype)
    direct = out.flags.c_contiguous and not _overlaps(out, terms)
    found = written(terms, shape, dtype, out if direct else None)
    if found is not out:
        if type(found) is not np.ndarray:
            advice = "Leave it out here: traced and recorded numbers cannot be written into an array."
            raise ArgumentError("to_array()", "out", "is an array, but the entries are no numbers yet", advice)
        out[...] = found
    return out


def _check(out: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
    if type(out) is not np.ndarray:
        found = f"is of type {type(out).__name__}"
        raise ArgumentError("to_array()", "out", found, "Give an array, such as np.empty(J.shape, J.dtype).")
    if out.shape != shape:
        raise ShapeError("to_array()", "out", shape, out.shape)
    if out.dtype != dtype:
        found = f"has dtype {out.dtype}, but the Jacobian {dtype}"
        raise ArgumentError("to_array()", "out", found, "Give an array such as np.empty(J.shape, J.dtype).")
    if not out.flags.writeable:
        raise ArgumentError("to_array()", "out", "is read-only", "Give an array that may be written into.")


def _overlaps(out: np.ndarray, terms: Sequence[Term]) -> bool:
    """Whether an array may share memory with what the terms hold; what is no plain array may hide one."""
    for factor in [factor for term in terms for factor in term.factors]:
        array = factor.array if isinstance(factor, Factor) else None
        if type(array) is not np.ndarray or np.may_share_memory(out, array):
            return True
    return False
