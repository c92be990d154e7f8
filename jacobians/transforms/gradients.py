"""Gradients of scalar functions: `grad`, `value_and_grad`; and `slope`, which `hessian` differentiates."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..recording import (
    Argnums,
    Linearised,
    check_complex,
    check_function,
    check_real_result,
    linearise,
    normalised_argnums,
    owned_graph,
    pull,
    pull_holomorphic,
)
from .making import jacobians_of

__all__ = ["grad", "slope", "value_and_grad"]


def grad(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """The function that computes the gradient of a scalar function.

    Parameters
    ----------
    function : callable
        Returns a scalar (an array of shape ``()``), or a pair ``(scalar, aux)`` with `has_aux`.
    argnums : int or tuple of int
        The differentiated positional arguments, arrays or nests of arrays; an int gives one gradient, a tuple gives a
        tuple. Keyword arguments reach the function undifferentiated.
    has_aux : bool
    holomorphic : bool
        Whether arguments and result are complex, and the complex derivative is meant. Without it the result must be
        real; its gradient in a complex argument ``u + iv`` is then ``df/du - i df/dv``, as in JAX.
    allow_int : bool
        Whether integers and booleans, and arrays of them, may be among the differentiated arguments: as constants,
        whose gradient is a zero of their shape and dtype. Without it an array of them is an error.

    Returns
    -------
    callable
        Of the same arguments; returns arrays of the shape and dtype of the differentiated arguments, nested as these
        are, and aux if `has_aux`.

    Raises
    ------
    ArgumentError
        If an argument cannot be differentiated, or the result is no scalar.
    HolomorphyError
        If `holomorphic` is said of a function that is not.

    Examples
    --------
    >>> import numpy as np
    >>> W, x, b = np.array([[1.0, -2.0], [1.0, 1.0]]), np.array([1.0, 2.0]), np.zeros(2)
    >>> grad(lambda W, b: np.sum((W @ x + b) ** 2))(W, b)
    array([[ -6., -12.],
           [  6.,  12.]])
    >>> grad(lambda p: np.sum((W @ p["x"] + p["b"]) ** 2))({"x": x, "b": b})
    {'x': array([ 0., 18.]), 'b': array([-6.,  6.])}
    """
    return _differentiated("grad", function, argnums, has_aux, holomorphic, allow_int, valued=False)


def value_and_grad(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """The function that computes value and gradient of a scalar function together.

    Parameters are those of `grad`.

    Returns
    -------
    callable
        Of the same arguments; returns ``(value, gradient)``, where value is ``(value, aux)`` with `has_aux`.

    Examples
    --------
    >>> import numpy as np
    >>> value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """
    return _differentiated("value_and_grad", function, argnums, has_aux, holomorphic, allow_int, valued=True)


def _differentiated(
    name: str,
    function: Callable[..., Any],
    argnums: Argnums,
    has_aux: bool,
    holomorphic: bool,
    allow_int: bool,
    *,
    valued: bool,
) -> Callable[..., Any]:
    """The function that returns the gradient, after the value if `valued`; errors tell the name."""
    check_function(name, function)

    @wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        positions = normalised_argnums(name, argnums, len(args))

        def finish(record: Linearised) -> Any:
            if not record.result.is_leaf:
                found = f"is nested as {record.result}, but must be a scalar"
                advice = "Use jacobian, or return (scalar, aux) with has_aux=True."
                raise ArgumentError(name, "the result", found, advice)
            shape = record.graph.shapes[record.output]
            if shape != ():
                advice = "Use jacobian, or sum the result to a scalar first."
                raise ArgumentError(name, "the result", f"has shape {shape}, but must be a scalar", advice)
            gradients = _pulled(name, record, argnums, holomorphic)
            if not valued:
                return (gradients, record.aux) if has_aux else gradients
            value = record.value()
            return (value, record.aux) if has_aux else value, gradients

        return linearise(name, function, args, kwargs, positions, finish, has_aux, allow_int)

    return differentiated


def _pulled(name: str, record: Linearised, argnums: Argnums, holomorphic: bool) -> Any:
    """The gradient of a recorded scalar in the form that `argnums` asks for."""
    if holomorphic:
        gradients = record.nested(pull_holomorphic(name, record))
    else:
        check_real_result(name, record.graph.dtypes[record.output])
        gradients = record.nested(pull(record, consume=True))
    return gradients[0] if isinstance(argnums, (int, np.integer)) else gradients


def slope(
    function: Callable[..., Any], argnums: Argnums, has_aux: bool, holomorphic: bool, allow_int: bool
) -> Callable[..., Any]:
    """The function that `hessian` differentiates: the gradient of a scalar, the Jacobian of an array or a nest."""
    check_function("hessian", function)

    @wraps(function)
    def sloped(*args: Any, **kwargs: Any) -> Any:
        positions = normalised_argnums("hessian", argnums, len(args))

        def finish(record: Linearised) -> Any:
            if record.result.is_leaf and record.graph.shapes[record.output] == ():
                result = _pulled("hessian", record, argnums, holomorphic)
            else:
                if holomorphic:
                    check_complex("hessian", record)
                single = isinstance(argnums, (int, np.integer))
                result = jacobians_of(record, owned_graph(record), single, "hessian", holomorphic=holomorphic)
            return (result, record.aux) if has_aux else result

        return linearise("hessian", function, args, kwargs, positions, finish, has_aux, allow_int)

    return sloped
