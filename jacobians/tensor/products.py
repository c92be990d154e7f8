"""Products of a linear graph with arrays: a tangent is pushed forward, a cotangent is pulled back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contract import to_dense
from ..elimination import push
from ..errors import ShapeError
from ..labels import axes_of
from ..terms import Factor, Term
from .linking import Linear
from .making import as_value

__all__ = ["floating", "of_shape", "pull_cotangent", "pull_terms", "push_tangent"]

Shape = tuple[int, ...]


def push_tangent(linear: Linear, tangent: Any, operation: str, batch: Shape) -> Any:
    """The product with a tangent of shape in_shape + batch, of shape out_shape + batch."""
    graph, source, target = linear.graph, linear.input, linear.output
    in_shape = graph.shapes[source]
    if np.shape(tangent) != in_shape + batch:
        expected = f"{in_shape} + batch" if "@" in operation else in_shape
        raise ShapeError(operation, "the tangent", expected, np.shape(tangent))
    axes, batch_axes = axes_of(in_shape), axes_of(batch)
    term = Term(axes, batch_axes, (Factor.on(floating(tangent, graph.dtypes[source]), axes + batch_axes),))
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
    term = Term(batch_axes, axes, (Factor.on(floating(cotangent, graph.dtypes[target]), batch_axes + axes),))
    return to_dense(pull_terms(linear, [term]), batch + graph.shapes[source], graph.dtypes[source])


def pull_terms(linear: Linear, terms: list[Term]) -> list[Term]:
    """The product with a cotangent that is itself a sum of terms."""
    return push(linear.graph, [linear.input], linear.output, cotangent=terms)[linear.input]


def floating(vector: Any, dtype: np.dtype) -> Any:
    """Integers and booleans become the dtype of what the vector is tangent or cotangent to."""
    return vector.astype(dtype) if vector.dtype.kind in "biu" else vector


def of_shape(operation: str, name: str, vector: Any, shape: Shape) -> Any:
    """A vector, which must have this shape."""
    vector = as_value(vector)
    if tuple(vector.shape) != shape:
        raise ShapeError(operation, name, shape, tuple(vector.shape))
    return vector
