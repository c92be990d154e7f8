"""Values without their derivatives: `primal` to look at, `stop_gradient` as constants of an expression."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..late import Late
from ..tensor import BlockJacobian, Jacobian
from ..tracing import contains_traced, lift
from ..tracing import primal as primal_of
from ..trees import flatten, is_container
from .linearise import with_arrays

__all__ = ["primal", "stop_gradient"]


def primal(x: Any) -> Any:
    """The plain array behind a traced value, of all levels, read-only; anything else as it is.

    Parameters
    ----------
    x : traced array, a nest of them, or anything

    Examples
    --------
    ``print(primal(x).max())``, or ``A[int(primal(x))]``: numbers to look at, or to use as positions.
    """
    return _plain("primal", x)


def stop_gradient(x: Any) -> Any:
    """The value of `x` as a constant: its derivative is zero at every level.

    Parameters
    ----------
    x : traced array, a nest of them, or anything

    Examples
    --------
    ``x * stop_gradient(x)`` has the derivative x, not 2 x.

    >>> import numpy as np
    >>> from jacobians import grad
    >>> grad(lambda p: np.sum(p["x"] * stop_gradient(p)["x"]))({"x": np.array([1.0, 2.0])})
    {'x': array([1., 2.])}
    """
    return _plain("stop_gradient", x)


def _plain(operation: str, x: Any) -> Any:
    """What is left traced in a nest, or in a Jacobian, would keep its derivative without a word: it is taken apart."""
    if isinstance(x, Jacobian):
        terms = [with_arrays(term, _settled) for term in x.terms]
        return Jacobian.of_terms(terms, x.out_shape, x.in_shape, x.dtype, x.in_dtype)
    if isinstance(x, BlockJacobian):
        advice = f"Take its blocks, {operation}(J.blocks), or its arrays, {operation}(J.to_array())."
        raise ArgumentError(operation, "the argument", "is a BlockJacobian", advice)
    if isinstance(x, np.ndarray):
        return primal_of(lift(x)) if x.dtype.kind == "O" and contains_traced(x) else x
    if not is_container(x):
        return primal_of(x)
    leaves, tree = flatten(x, lambda value: not is_container(value))
    plain = [_plain(operation, leaf) for leaf in leaves]
    return tree.build(plain) if any([a is not b for a, b in zip(plain, leaves, strict=True)]) else x


def _settled(array: Any) -> Any:
    return primal_of(array.made() if type(array) is Late else array)
