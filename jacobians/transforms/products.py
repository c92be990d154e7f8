"""Products without the Jacobian: `vjp`, `jvp`, `linearize`, `hvp`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..contract import to_dense
from ..elimination import push
from ..errors import ArgumentError
from ..labels import axes_of
from ..recording import Linearised, as_result, as_scalar, checked_vector, linearise, owned_graph, pull
from ..tensor import Body, Jacobian
from ..terms import Factor, Term

__all__ = ["hvp", "jvp", "linearize", "vjp"]


def vjp(function: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of a function and its pullback: cotangents of the output to cotangents of the inputs.

    Parameters
    ----------
    function : callable
        Of arrays, returning an array (or a pair of an array and anything else, with `has_aux`).
    *primals : array_like
        The point; every one is differentiated.
    has_aux : bool
        Whether the function returns ``(result, aux)``.

    Returns
    -------
    value : array
    pullback : callable
        ``pullback(c)``, c of the shape of the value, is a tuple with one array for each primal, of its shape and dtype.
    aux
        Only with `has_aux`.

    Examples
    --------
    >>> import numpy as np
    >>> y, pullback = vjp(np.sin, np.array([0.0, 1.0]))
    >>> pullback(np.array([1.0, 0.0]))
    (array([1., 0.]),)
    """

    def finish(record: Linearised) -> Any:
        value = as_result(record.level, record.value)
        graph = owned_graph(record, value)
        dtype, shape = graph.dtypes[record.output], graph.shapes[record.output]

        def pullback(cotangent: Any) -> tuple[Any, ...]:
            return pull(record, checked_vector("pullback", "the cotangent", cotangent, shape, dtype))

        return (value, pullback, record.aux) if has_aux else (value, pullback)

    return linearise("vjp", function, primals, {}, tuple(range(len(primals))), finish, has_aux)


def jvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """The value of a function and its derivative along tangents of its inputs.

    Parameters
    ----------
    function : callable
    primals, tangents : sequence of array_like
        The point and the direction: one tangent for each primal, of the same shape.
    has_aux : bool
        Whether the function returns ``(result, aux)``.

    Returns
    -------
    value, tangent : array
        Of the same shape and dtype.
    aux
        Only with `has_aux`.

    Examples
    --------
    >>> import numpy as np
    >>> jvp(np.multiply, (2.0, 3.0), (1.0, 10.0))
    (np.float64(6.0), np.float64(23.0))
    """
    return _along("jvp", function, primals, tangents, has_aux)


def _along(
    operation: str, function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """`jvp` under the name of the public function that needs it."""
    _check_pairs(operation, primals, tangents)

    def finish(record: Linearised) -> Any:
        graph = record.graph
        seeds = {}
        for position, (vertex, tangent) in enumerate(zip(record.inputs, tangents, strict=True)):
            shape, dtype = graph.shapes[vertex], graph.dtypes[vertex]
            checked = checked_vector(operation, f"tangent {position}", tangent, shape, dtype)
            axes = axes_of(shape)
            seeds[vertex] = [Term(axes, (), (Factor.on(checked, axes),))]
        terms = next(iter(push(graph, record.inputs, record.output, tangents=seeds).values()))
        tangent = as_scalar(to_dense(terms, graph.shapes[record.output], graph.dtypes[record.output]))
        value = as_result(record.level, record.value)
        return (value, tangent, record.aux) if has_aux else (value, tangent)

    return linearise(operation, function, tuple(primals), {}, tuple(range(len(primals))), finish, has_aux)


def _check_pairs(operation: str, primals: Any, tangents: Any) -> None:
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ArgumentError(operation, "primals and tangents", "must be tuples", f"Write {operation}(f, (x,), (h,)).")
    if len(primals) != len(tangents):
        found = f"have different lengths, {len(primals)} and {len(tangents)}"
        raise ArgumentError(operation, "primals and tangents", found, "Give one tangent for each primal.")


def linearize(function: Callable[..., Any], *primals: Any) -> Any:
    """The value of a function and its lazy Jacobian: the function is run once, each product runs the elimination.

    Parameters
    ----------
    function : callable
    *primals : array_like

    Returns
    -------
    value : array
    J : Jacobian
        Lazy; a tuple with one for each primal, if there are several.

    Examples
    --------
    >>> import numpy as np
    >>> y, J = linearize(np.square, np.array([1.0, 2.0]))
    >>> J.mode, J.jvp(np.array([1.0, 1.0]))
    ('lazy', array([2., 4.]))
    """

    def finish(record: Linearised) -> Any:
        value = as_result(record.level, record.value)
        body = Body(owned_graph(record, value), record.inputs, record.output)
        lazy = tuple([Jacobian(body, vertex, "lazy") for vertex in record.inputs])
        return value, lazy[0] if len(primals) == 1 else lazy

    return linearise("linearize", function, primals, {}, tuple(range(len(primals))), finish)


def hvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """The product of the Hessian of a scalar function with tangents of its inputs.

    Parameters
    ----------
    function : callable
        Returns a scalar.
    primals, tangents : sequence of array_like

    Returns
    -------
    tuple of array
        One for each primal, of its shape: the derivative of the gradient along the tangents.

    Examples
    --------
    >>> import numpy as np
    >>> hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    (array([ 6., 12.]),)
    """

    _check_pairs("hvp", primals, tangents)

    def along(*point: Any) -> Any:
        value, tangent = _along("hvp", function, point, tangents)
        if np.shape(value) != ():
            raise ArgumentError("hvp", "the result", f"has shape {np.shape(value)}", "hvp needs a scalar function.")
        return tangent

    def finish(record: Linearised) -> tuple[Any, ...]:
        return pull(record)

    return linearise("hvp", along, tuple(primals), {}, tuple(range(len(primals))), finish)
