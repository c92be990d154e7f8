"""A problem in a few lines: a function, its data, what is asked of it, and the answer by hand.

    def logcosh(np, w, X, y):
        \"""Regression with the log-cosh loss, Hessian.\"""
        return np.sum(np.log(np.cosh(X @ w - y)))

    asked("hessian", logcosh, data, hand, full={"n": 2000, "k": 50}, small={"n": 7, "k": 2})

The name of the problem is that of the function, its title the docstring. `data(rng, **sizes)` are the arguments, `hand`
is called with the same; what is asked is the derivative for the arguments at `argnums`. A product has the vector as
its last argument, which the function does not get.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

import jacobians as jac

from ..problem import Case, Problem
from ..references import (
    along,
    check_block_hessian,
    check_block_jacobian,
    check_gradient,
    check_hessian,
    check_hessian_diagonal,
    check_hessian_product,
    check_jacobian,
    check_matrix,
    check_matrix_hessian,
    difference,
)

__all__ = ["asked"]


class Question(NamedTuple):
    """What is asked of a function: `ours(f, argnums)` is the answer by this library, `check` compares one."""

    ours: Callable[[Any, Any], Callable[..., Any]]
    check: Callable[[Any, Any, Any, Any], float]


def after(derivative: Any, method: str) -> Callable[[Any, Any], Callable[..., Any]]:
    """The answer that a method of the Jacobian gives."""

    def ours(f: Any, argnums: Any) -> Callable[..., Any]:
        found = derivative(f, argnums=argnums)
        return lambda *arguments: getattr(found(*arguments), method)()

    return ours


def pulled(f: Any, argnums: Any) -> Callable[..., Any]:
    """The gradient of ``sum(c * f(...))``, c being the last argument."""
    return jac.grad(lambda *arguments: np.sum(arguments[-1] * f(*arguments[:-1])), argnums=argnums)


def check_pulled(f: Any, arguments: Any, argnums: Any, found: Any) -> float:
    return check_gradient(lambda *given: np.sum(arguments[-1] * f(*given)), arguments[:-1], argnums, found)


def pushed(f: Any, argnums: Any) -> Callable[..., Any]:
    """The derivative of f along a direction of one argument, the last argument."""

    def ours(*arguments: Any) -> Any:
        *given, h = arguments
        return jac.jvp(of_one(f, given, argnums), (given[argnums],), (h,))[1]

    return ours


def hessian_product(f: Any, argnums: Any) -> Callable[..., Any]:
    """The Hessian for one argument times the last argument."""

    def ours(*arguments: Any) -> Any:
        *given, v = arguments
        return jac.hvp(of_one(f, given, argnums), (given[argnums],), (v,))[0]

    return ours


def of_one(f: Any, given: Any, argnum: int) -> Callable[[Any], Any]:
    """A function of one argument alone, the others being as given."""
    return lambda x: f(*given[:argnum], x, *given[argnum + 1 :])


def check_pushed(f: Any, arguments: Any, argnums: Any, found: Any) -> float:
    return difference(found, along(f, arguments[:-1], argnums, [arguments[-1]]))


# fmt: off
QUESTIONS = {
    "gradient":         Question(lambda f, argnums: jac.grad(f, argnums=argnums),   check_gradient),
    "jacobian":         Question(after(jac.jacobian, "to_array"),                   check_jacobian),
    "blocks":           Question(after(jac.jacobian, "diagonal_blocks"),            check_block_jacobian),
    "csr":              Question(after(jac.jacobian, "to_sparse"),                  check_matrix),
    "hessian":          Question(after(jac.hessian, "to_array"),                    check_hessian),
    "hessian-blocks":   Question(after(jac.hessian, "diagonal_blocks"),             check_block_hessian),
    "hessian-diagonal": Question(after(jac.hessian, "diagonal"),                    check_hessian_diagonal),
    "hessian-csr":      Question(after(jac.hessian, "to_sparse"),                   check_matrix_hessian),
    "vjp":              Question(pulled,                                            check_pulled),
    "jvp":              Question(pushed,                                            check_pushed),
    "hvp":              Question(hessian_product,                                   check_hessian_product),
}
# fmt: on


def asked(
    quantity: str,
    function: Callable[..., Any],
    data: Callable[..., tuple[Any, ...]],
    hand: Callable[..., Any],
    full: Mapping[str, int],
    small: Mapping[str, int],
    argnums: int | tuple[int, ...] = 0,
) -> Problem:
    """The problem of a derivative of ``function(np, *arguments)``, what is asked being a key of `QUESTIONS`."""
    question = QUESTIONS[quantity]

    def text(np: Any) -> Callable[..., Any]:
        return lambda *arguments: function(np, *arguments)

    def make(**sizes: int) -> Case:
        arguments, f = data(np.random.default_rng(0), **sizes), text(np)
        return Case(
            quantity,
            text,
            arguments,
            ours=question.ours(f, argnums),
            hand=hand,
            check=lambda found: question.check(f, arguments, argnums, found),
            argnums=argnums,
        )

    return Problem(
        function.__name__.replace("_", "-"),
        (function.__doc__ or "").strip().split("\n")[0].rstrip("."),
        make,
        full={label(full): full},
        small={label(small): small},
    )


def label(sizes: Mapping[str, int]) -> str:
    return ", ".join([f"{name} {size:,}" for name, size in sizes.items()])
