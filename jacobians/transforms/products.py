"""Products without the Jacobian: `vjp`, `jvp`, `linearize`, `hvp`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from ..elimination import PushingGraph, has_large, shorten
from ..errors import ArgumentError
from ..labels import axes_of
from ..recording import Linearised, as_jacobian, checked_vectors, handed_out, linearise, owned_graph, pull
from ..tensor import Jacobian
from ..terms import Factor, Term
from ..trees import Tree, is_container
from .making import jacobians_of

__all__ = ["hvp", "jvp", "linearize", "vjp"]


def vjp(function: Callable[..., Any], *primals: Any, has_aux: bool = False, allow_int: bool = False) -> Any:
    """The value of a function and its pullback: cotangents of the output to cotangents of the inputs.

    Parameters
    ----------
    function : callable
        Of arrays and nests of arrays, returning an array or a nest (or a pair of it and anything else, with `has_aux`).
    *primals : array_like, or nests of arrays
        The point; every one is differentiated.
    has_aux : bool
        Whether the function returns ``(result, aux)``.
    allow_int : bool
        Whether integers among the primals, and in a nest of results, are constants, as in `grad`.

    Returns
    -------
    value : array or nest
    pullback : callable
        ``pullback(c)``, c of the shape of the value and nested as it is, is a tuple with one entry for each primal, of
        its shape and dtype and nested as it is.
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
        value = record.value()
        if has_large(record.graph):
            shorten(record.graph, record.inputs, record.outputs)
        graph = owned_graph(record, value)
        ends = [(graph.shapes[n], graph.dtypes[n]) for n in record.outputs]

        def pullback(*cotangent: Any) -> tuple[Any, ...]:
            if len(cotangent) != 1:
                found = f"takes one cotangent, nested as the result, but was called with {len(cotangent)}"
                advice = "Write pullback((c1, c2)) for a function that returns a pair."
                raise ArgumentError("pullback", "what vjp returns", found, advice)
            vectors = checked_vectors("pullback", "the cotangent", cotangent[0], "the result", record.result, ends)
            return record.nested(pull(record, vectors))

        return (value, pullback, record.aux) if has_aux else (value, pullback)

    return linearise("vjp", function, primals, {}, tuple(range(len(primals))), finish, has_aux, allow_int)


def jvp(
    function: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
    allow_int: bool = False,
) -> Any:
    """The value of a function and its derivative along tangents of its inputs.

    Parameters
    ----------
    function : callable
    primals, tangents : sequence of array_like or of nests of arrays
        The point and the direction: one tangent for each primal, of the same shape, and nested as it is.
    has_aux : bool
        Whether the function returns ``(result, aux)``.
    allow_int : bool
        Whether integers among the primals, and in a nest of results, are constants, as in `grad`: their tangents are
        not looked at, and those of results are zeros.

    Returns
    -------
    value, tangent : array or nest
        Of the same shape and dtype, and nested alike.
    aux
        Only with `has_aux`.

    Examples
    --------
    >>> import numpy as np
    >>> jvp(np.multiply, (2.0, 3.0), (1.0, 10.0))
    (np.float64(6.0), np.float64(23.0))
    """
    return _along("jvp", function, primals, tangents, has_aux, allow_int)


def _along(
    operation: str,
    function: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
    allow_int: bool = False,
) -> Any:
    """`jvp` under the name of the public function that needs it."""
    _check_pairs(operation, primals, tangents)

    graph, seeds = PushingGraph(), []

    def start(inputs: Sequence[int], trees: Sequence[Tree]) -> None:
        vertices = iter(inputs)
        for position, (tree, tangent) in enumerate(zip(trees, tangents, strict=True)):
            own = list(islice(vertices, tree.count))
            ends = [(graph.shapes[n], graph.dtypes[n]) for n in own]
            names = f"tangent {position}", f"argument {position}"
            found = checked_vectors(operation, names[0], tangent, names[1], tree, ends)
            for vertex, vector in zip(own, found, strict=True):
                axes = axes_of(graph.shapes[vertex])
                seeds.append(Term(axes, (), (Factor.on(vector, axes),)))  # held: nobody else may write into them
                graph.seed(vertex, [seeds[-1]])

    def finish(record: Linearised) -> Any:
        results = []
        for terms, n, value in zip(graph.taken(record.outputs), record.outputs, record.values, strict=True):
            if isinstance(value, Jacobian):
                results.append(as_jacobian(terms, value))
            else:
                results.append(handed_out(terms, graph.shapes[n], graph.dtypes[n]))
        value, tangent = record.value(), record.result.slopes().build(results)
        return (value, tangent, record.aux) if has_aux else (value, tangent)

    positions = tuple(range(len(primals)))
    return linearise(operation, function, tuple(primals), {}, positions, finish, has_aux, allow_int, start, graph)


def _check_pairs(operation: str, primals: Any, tangents: Any) -> None:
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ArgumentError(operation, "primals and tangents", "must be tuples", f"Write {operation}(f, (x,), (h,)).")
    if len(primals) != len(tangents):
        found = f"have different lengths, {len(primals)} and {len(tangents)}"
        raise ArgumentError(operation, "primals and tangents", found, "Give one tangent for each primal.")


def linearize(function: Callable[..., Any], *primals: Any, has_aux: bool = False, allow_int: bool = False) -> Any:
    """The value of a function and its lazy Jacobian: the function is run once, each product runs the elimination.

    Parameters
    ----------
    function : callable
    *primals : array_like, or nests of arrays
    has_aux : bool
        Whether the function returns ``(result, aux)``.
    allow_int : bool
        Whether integers among the primals, and in a nest of results, are constants, as in `grad`.

    Returns
    -------
    value : array or nest
    J : Jacobian
        Lazy; a tuple with one for each primal, if there are several. One `BlockJacobian` as soon as the value or a
        primal is a nest.
    aux
        Only with `has_aux`.

    Examples
    --------
    >>> import numpy as np
    >>> y, J = linearize(np.square, np.array([1.0, 2.0]))
    >>> J.mode, J.jvp(np.array([1.0, 1.0]))
    ('lazy', array([2., 4.]))
    """

    def finish(record: Linearised) -> Any:
        value = record.value()
        found = jacobians_of(record, owned_graph(record, value), len(primals) == 1, mode="lazy")
        return (value, found, record.aux) if has_aux else (value, found)

    return linearise("linearize", function, primals, {}, tuple(range(len(primals))), finish, has_aux, allow_int)


def hvp(
    function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], allow_int: bool = False
) -> tuple[Any, ...]:
    """The product of the Hessian of a scalar function with tangents of its inputs.

    Parameters
    ----------
    function : callable
        Returns a scalar.
    primals, tangents : sequence of array_like or of nests of arrays
    allow_int : bool
        Whether integers among the primals are constants, as in `grad`: what belongs to them is a zero.

    Returns
    -------
    tuple
        One entry for each primal, of its shape and nested as it is: the derivative of the gradient along the tangents.

    Examples
    --------
    >>> import numpy as np
    >>> hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    (array([ 6., 12.]),)
    """

    _check_pairs("hvp", primals, tangents)

    def along(*point: Any) -> Any:
        value, tangent = _along("hvp", function, point, tangents, allow_int=allow_int)
        if is_container(value):
            raise ArgumentError("hvp", "the result", "is a nest of arrays", "hvp needs a scalar function.")
        if np.shape(value) != ():
            raise ArgumentError("hvp", "the result", f"has shape {np.shape(value)}", "hvp needs a scalar function.")
        return tangent

    def finish(record: Linearised) -> tuple[Any, ...]:
        return record.nested(pull(record, consume=True))

    return linearise("hvp", along, tuple(primals), {}, tuple(range(len(primals))), finish, allow_int=allow_int)
