"""What a user returns as the Jacobian in one argument, as terms."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..arrays import is_sparse
from ..errors import ShapeError
from ..labels import axes_of
from ..rules.sparse import operator_term, sparse_term
from ..tensor import Jacobian
from ..terms import Factor, Term
from ..tracing import lift

__all__ = ["terms_of"]

Shape = tuple[int, ...]


class _LazyProducts:
    """A lazy Jacobian as an operator: its products, along the first axis."""

    nbytes = 0

    def __init__(self, J: Jacobian, result: Any) -> None:
        self.jacobian, self.result = J, result
        self.dtype = J.dtype

    def apply(self, array: Any) -> Any:
        """``J @ h`` for each column."""
        batch = np.shape(array)[1:]
        result = self.jacobian @ np.reshape(array, (*self.jacobian.in_shape, *batch))
        return np.reshape(result, (prod(self.jacobian.out_shape), *batch))

    def apply_transposed(self, array: Any) -> Any:
        """``J.T @ c`` for each column."""
        batch = np.shape(array)[1:]
        result = self.jacobian.T @ np.reshape(array, (*self.jacobian.out_shape, *batch))
        return np.reshape(result, (prod(self.jacobian.in_shape), *batch))

    def with_arrays(self, change: Callable[[Any], Any]) -> _LazyProducts:
        """The result stands for what the Jacobian, which owns its arrays, depends on."""
        return _LazyProducts(self.jacobian, change(self.result))


def terms_of(name: str, value: Any, result: Any, in_shape: Shape, dtype: np.dtype) -> list[Term]:
    """The terms of an array of shape out_shape + in_shape, of a sparse matrix, or of a Jacobian; None is zero.

    Parameters
    ----------
    name : str
        Of the argument and its function, for errors.
    value : array, sparse matrix, Jacobian or None
    result : array
    in_shape : tuple of int
    dtype : dtype
        Of the entries: arrays are converted to it.
    """
    out_shape = tuple(np.shape(result))
    out, inp = axes_of(out_shape), axes_of(in_shape)
    if value is None:
        return [Term(out, inp, scale=0)]
    if isinstance(value, Jacobian):
        _check(name, (value.out_shape, value.in_shape), (out_shape, in_shape))
        if value.mode == "lazy" and value.dtype.kind != "c" and value.in_dtype.kind != "c":
            return [operator_term(_LazyProducts(value, result), out, inp, "lazy")]
        return [term.freshen() for term in value.terms] or [Term(out, inp, scale=0)]
    if is_sparse(value):
        _check(name, tuple(value.shape), (prod(out_shape), prod(in_shape)), "A sparse matrix has flat positions.")
        return [sparse_term(value.astype(dtype), out, inp)]
    array = lift(value)
    array = array if hasattr(array, "__array_function__") else np.asarray(array)
    _check(name, tuple(array.shape), out_shape + in_shape)
    array = array if array.dtype == dtype else array.astype(dtype)
    return [Term(out, inp, (Factor.on(array, out + inp),))]


def _check(name: str, found: Any, expected: Any, advice: str = "It is out_shape + in_shape.") -> None:
    if found != expected:
        raise ShapeError("custom", f"the Jacobian in {name}", expected, found, advice)
