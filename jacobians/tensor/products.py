"""Products of a linear graph with arrays: a tangent is pushed forward, a cotangent is pulled back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..contract import to_dense
from ..elimination import push
from ..errors import ArgumentError, ShapeError
from ..labels import Axes, axes_of
from ..terms import REAL, Factor, Term, acting, plain
from .linking import Linear
from .making import as_value

__all__ = [
    "check_real",
    "cotangent_term",
    "floating",
    "of_shape",
    "pull_cotangent",
    "pull_terms",
    "pulled_array",
    "push_tangent",
]

Shape = tuple[int, ...]


def push_tangent(linear: Linear, tangent: Any, operation: str, batch: Shape) -> Any:
    """The product with a tangent of shape in_shape + batch, of shape out_shape + batch."""
    graph, source, target = linear.graph, linear.input, linear.output
    in_shape = graph.shapes[source]
    if np.shape(tangent) != in_shape + batch:
        expected = f"{in_shape} + batch" if "@" in operation else in_shape
        raise ShapeError(operation, "the tangent", expected, np.shape(tangent))
    axes, batch_axes = axes_of(in_shape), axes_of(batch)
    values = floating(tangent, graph.dtypes[source], operation, "the tangent")
    term = Term(axes, batch_axes, (Factor.on(values, axes + batch_axes),))
    (terms,) = push(graph, [source], target, tangents={source: [term]}).values()
    return to_dense(terms, graph.shapes[target] + batch, graph.dtypes[target])


def pull_cotangent(linear: Linear, cotangent: Any, operation: str, batch: Shape) -> Any:
    """The product with a cotangent of shape batch + out_shape, of shape batch + in_shape."""
    graph, source, target = linear.graph, linear.input, linear.output
    out_shape = graph.shapes[target]
    if np.shape(cotangent) != batch + out_shape:
        expected = f"batch + {out_shape}" if "@" in operation else out_shape
        raise ShapeError(operation, "the cotangent", expected, np.shape(cotangent))
    axes, batch_axes = axes_of(out_shape), axes_of(batch)
    values = floating(cotangent, graph.dtypes[target], operation, "the cotangent")
    term = cotangent_term(batch_axes, axes, values, graph.dtypes[target])
    return pulled_array(pull_terms(linear, [term]), batch + graph.shapes[source], graph.dtypes[source])


def pull_terms(linear: Linear, terms: list[Term]) -> list[Term]:
    """The product with a cotangent that is itself a sum of terms."""
    return push(linear.graph, [linear.input], linear.output, cotangent=terms)[linear.input]


def floating(vector: Any, dtype: np.dtype, operation: str, name: str) -> Any:
    """Integers and booleans become the dtype of what the vector is tangent or cotangent to."""
    check_real(operation, name, vector.dtype, dtype)
    check_real(operation, name, vector.dtype, dtype)
    return vector.astype(dtype) if vector.dtype.kind in "biu" else vector


def check_real(operation: str, name: str, found: np.dtype, dtype: np.dtype) -> None:
    """Raise if a vector is complex, but not what it is tangent or cotangent to."""
    if found.kind == "c" and dtype.kind != "c":
        raise ArgumentError(operation, name, f"is complex, but belongs to a real array ({dtype})", "Use its real part.")


def cotangent_term(batch: Axes, axes: Axes, values: Any, dtype: np.dtype) -> Term:
    """The rows that a cotangent is: it pairs with y as the real part of ``sum(c * y)``."""
    term = Term(batch, axes, (Factor.on(values, batch + axes),))
    return acting(term, REAL) if dtype.kind == "c" else term


def pulled_array(terms: Sequence[Term], shape: Shape, dtype: np.dtype) -> Any:
    """The array c of the rows that give ``Re(sum(c * h))``: real where h is."""
    return to_dense([plain(term) for term in terms] if dtype.kind == "c" else terms, shape, dtype)


def of_shape(operation: str, name: str, vector: Any, shape: Shape) -> Any:
    """A vector, which must have this shape."""
    vector = as_value(vector)
    if tuple(vector.shape) != shape:
        raise ShapeError(operation, name, shape, tuple(vector.shape))
    return vector
