"""Jacobians as objects: `jacobian`, `value_and_jacobian`, `jacfwd`, `jacrev`, `hessian`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

import numpy as np

from ..elimination import NAMES, Plan
from ..errors import ArgumentError
from ..recording import Argnums, Linearised, check_complex, check_function, linearise, normalised_argnums, owned_graph
from ..tensor import memory_limit as bytes_of
from ..trees import is_container
from .gradients import slope
from .making import jacobians_of

__all__ = ["hessian", "jacfwd", "jacobian", "jacrev", "value_and_jacobian"]

Order = str | Plan | Sequence[int]
Limit = int | str | None


def jacobian(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    mode: str = "auto",
    order: Order = "auto",
    plan: Plan | None = None,
    memory_limit: Limit = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """The function that computes the generalized Jacobian of an array-valued function.

    Parameters
    ----------
    function : callable
        Of arrays and nests of arrays, returning an array or a nest (or a pair of it and anything else, with `has_aux`).
    argnums : int or tuple of int
        The differentiated positional arguments; an int gives one Jacobian, a tuple gives a tuple of them. Keyword
        arguments reach the function undifferentiated.
    mode : "auto", "explicit" or "lazy"
        Whether the terms are computed now, never, or when a request first needs them and they fit.
    order : str, Plan, or sequence of vertices
        The order of elimination: "auto" takes the cheapest that it predicts; "forward", "reverse", "markowitz",
        "markowitz-structure", "late", "fill", "chain", "search", or the vertices themselves.
    plan : Plan, optional
        What `jacobians.plan` has found, in place of an order.
    memory_limit : int or str, optional
        Bytes that a dense result, or in auto mode the terms and the largest intermediate, may take.
    has_aux : bool
    holomorphic : bool
        Whether arguments and result are complex and the function is holomorphic, so that the Jacobian is a complex
        tensor. Without it a Jacobian between complex arrays is linear over the real numbers: ``J @ h`` is right for any
        function.
    allow_int : bool
        Whether integers among the differentiated arguments, and in a nest of results, are constants, as in `grad`.

    Returns
    -------
    callable
        Of the same arguments; returns a `Jacobian` of shape out_shape + in_shape, and aux if `has_aux`. As soon as the
        result or a differentiated argument is a nest, it is one `BlockJacobian`, nested as the result and then as the
        argument (as the tuple of arguments, if `argnums` is one).

    Raises
    ------
    ArgumentError
        If an argument or the result cannot be differentiated.
    UnsupportedFunctionError
        If the function calls one that has no rule.
    HolomorphyError
        If `holomorphic` is said of a function that is not.

    Examples
    --------
    >>> import numpy as np
    >>> J = jacobian(np.sin)(np.zeros(3))
    >>> J.shape, J.structure, J.nbytes
    ((3, 3), 'diagonal', 24)
    """
    options = _checked("jacobian", mode, order if plan is None else plan, memory_limit, holomorphic=holomorphic)
    return _differentiated("jacobian", function, argnums, options, has_aux, allow_int)


def value_and_jacobian(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    mode: str = "auto",
    order: Order = "auto",
    plan: Plan | None = None,
    memory_limit: Limit = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """The function that computes value and Jacobian together; parameters are those of `jacobian`.

    Returns
    -------
    callable
        Of the same arguments; returns ``(value, J)``, where value is ``(value, aux)`` with `has_aux`.

    Examples
    --------
    >>> import numpy as np
    >>> y, J = value_and_jacobian(np.exp)(np.zeros(2))
    >>> y, J.diagonal()
    (array([1., 1.]), array([1., 1.]))
    """
    check_function("value_and_jacobian", function)
    order = order if plan is None else plan
    options = _checked("value_and_jacobian", mode, order, memory_limit, holomorphic=holomorphic)

    @wraps(function)
    def valued(*args: Any, **kwargs: Any) -> Any:
        call = (function, args, kwargs)
        value, result, aux = _jacobians("value_and_jacobian", call, argnums, options, has_aux, allow_int, valued=True)
        return (value, aux) if has_aux else value, result

    return valued


class _Options(NamedTuple):
    """How Jacobians are held."""

    mode: str
    order: Order
    limit: int | None
    symmetric: bool = False
    holomorphic: bool = False


def _checked(
    name: str, mode: str, order: Order, memory_limit: Limit, symmetric: bool = False, holomorphic: bool = False
) -> _Options:
    """The options, or an error under the name of the public function."""
    if mode not in ("auto", "explicit", "lazy"):
        raise ArgumentError(name, "mode", f"is {mode!r}", 'Use "auto", "explicit" or "lazy".')
    if order not in ("auto", *NAMES) if isinstance(order, str) else not isinstance(order, Sequence):
        names = ", ".join(f'"{known}"' for known in ("auto", *NAMES))
        raise ArgumentError(name, "order", f"is {order!r}", f"Use {names}, a plan, or a sequence of vertices.")
    limit = None if memory_limit is None else bytes_of(memory_limit)
    return _Options(mode, order, limit, symmetric, holomorphic)


def _differentiated(
    name: str,
    function: Callable[..., Any],
    argnums: Argnums,
    options: _Options,
    has_aux: bool,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """The function that returns the Jacobians, and aux if `has_aux`."""
    check_function(name, function)

    @wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        _, result, aux = _jacobians(name, (function, args, kwargs), argnums, options, has_aux, allow_int, valued=False)
        return (result, aux) if has_aux else result

    return differentiated


def _jacobians(
    name: str,
    call: tuple[Callable[..., Any], tuple, dict[str, Any]],
    argnums: Argnums,
    options: _Options,
    has_aux: bool,
    allow_int: bool = False,
    *,
    valued: bool,
) -> tuple[Any, Any, Any]:
    """The value (where it is asked for), the Jacobians in the form that `argnums` asks for, and aux."""
    function, args, kwargs = call
    positions = normalised_argnums(name, argnums, len(args))

    def finish(record: Linearised) -> tuple[Any, Any, Any]:
        value = record.value() if valued else None
        single = isinstance(argnums, (int, np.integer))
        if options.holomorphic:
            check_complex(name, record)
        held = options
        if options.symmetric and not _is_square(record):
            held = options._replace(symmetric=False)
        results = jacobians_of(record, owned_graph(record, value), single, name, *held)
        return value, results, record.aux

    return linearise(name, function, args, kwargs, positions, finish, has_aux, allow_int)


def _is_square(record: Linearised) -> bool:
    """Whether the result has the shapes of the arguments, as a gradient has, and the slope of an array has not."""
    shapes = record.graph.shapes
    return [shapes[n] for n in record.inputs] == [shapes[n] for n in record.outputs]


def jacfwd(function: Callable[..., Any], argnums: Argnums = 0, **options: Any) -> Callable[..., Any]:
    """`jacobian` with ``order="forward"``: for fewer inputs than outputs.

    Examples
    --------
    >>> import numpy as np
    >>> jacfwd(lambda t: np.stack([np.exp(t), 3 * t]))(0.0).to_array()
    array([1., 3.])
    """
    return jacobian(function, argnums, order="forward", **options)


def jacrev(function: Callable[..., Any], argnums: Argnums = 0, **options: Any) -> Callable[..., Any]:
    """`jacobian` with ``order="reverse"``: for fewer outputs than inputs.

    Examples
    --------
    >>> import numpy as np
    >>> jacrev(np.sum)(np.ones(3)).to_array()
    array([1., 1., 1.])
    """
    return jacobian(function, argnums, order="reverse", **options)


def hessian(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    mode: str = "auto",
    order: Order = "auto",
    plan: Plan | None = None,
    memory_limit: Limit = None,
    has_aux: bool = False,
    symmetric: bool = True,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """The function that computes the Hessian: the Jacobian of the gradient, or of the Jacobian of an array or a nest.

    Parameters
    ----------
    function : callable
        Returns a scalar, or a pair ``(scalar, aux)`` with `has_aux`. The Hessian of an array has the axes of the array
        in front, out_shape + in_shape + in_shape, and that of a nest is nested as the result first.
    argnums : int or tuple of int
        An int gives one `Jacobian` of shape in_shape + in_shape; a tuple gives a tuple of tuples, one block for each
        pair. As soon as an argument is a nest, it is one `BlockJacobian`, nested as the argument twice.
    mode, order, plan, memory_limit
        Those of `jacobian`.
    has_aux : bool
        The result is then ``(H, aux)``.
    symmetric : bool
        Whether ``H.to_array()``, and ``H.to_matrix()`` of a nest, equal their transpose exactly, and not only but for
        rounding. (By Schwarz's theorem, where the second derivatives are continuous.) Traced arrays and
        compiled code are left as they are computed.
    holomorphic : bool
        Whether arguments and result are complex, and the second complex derivative is meant.
    allow_int : bool
        Whether integers among the differentiated arguments, and in a nest of results, are constants, as in `grad`.

    Examples
    --------
    >>> import numpy as np
    >>> hessian(lambda x: np.sum(x**3))(np.array([1.0, 2.0])).to_array()
    array([[ 6.,  0.],
           [ 0., 12.]])
    >>> hessian(lambda x: np.outer(x, x))(np.array([1.0, 2.0])).shape
    (2, 2, 2, 2)
    """
    options = _checked("hessian", mode, order if plan is None else plan, memory_limit, symmetric, holomorphic)
    first = slope(function, argnums, has_aux, holomorphic, allow_int)
    second = _differentiated("hessian", first, argnums, options, has_aux, allow_int)
    if isinstance(argnums, (int, np.integer)):
        return second

    @wraps(function)
    def blocks(*args: Any, **kwargs: Any) -> Any:
        H, *aux = second(*args, **kwargs) if has_aux else (second(*args, **kwargs),)
        if all([not is_container(args[position]) for position in argnums]):
            H = H.blocks
        return (H, *aux) if aux else H

    return blocks
