"""Jacobians that are made of their numbers when someone asks for anything of them.

A compiled function returns its Jacobian in this state: to name the arrays takes less time than a ufunc, to make terms
of them several times as much, and often nobody asks for more than a product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .bundles import Bundle
from .jacobian import Jacobian
from .linking import Body

__all__ = ["WaitingBundle", "waiting_jacobian"]


class Waiting:
    """What a body or a bundle is before: the function that makes it, and its arguments.

    Two threads that ask at once may make it twice; both have the same numbers under the same labels.
    """

    _made: tuple[Callable[..., Any], tuple[Any, ...]]

    def __getattr__(self, name: str) -> Any:
        if name == "_made":  # of an instance that knows nothing yet
            raise AttributeError(name)
        make, arguments = self._made
        self.__dict__.update(vars(make(*arguments)))
        if name not in self.__dict__:
            raise AttributeError(name)
        return self.__dict__[name]


class WaitingBody(Waiting, Body):
    """A body that is made when it is needed."""


class WaitingBundle(Waiting, Bundle):
    """A bundle that is made when it is needed."""

    def __init__(self, make: Callable[..., Bundle], *arguments: Any) -> None:
        self._made = make, arguments


def waiting_jacobian(make: Callable[[Any], Body]) -> Callable[[Any], Jacobian]:
    """The function that makes an explicit Jacobian of what `make` is to make its body of, later."""
    new = object.__new__

    def jacobian(parts: Any) -> Jacobian:
        # Without the calls of __init__, which take longer than the rest.
        body, J = new(WaitingBody), new(Jacobian)
        body._made = make, (parts,)
        J._body, J._input, J._mode, J._limit = body, 0, "explicit", None
        return J

    return jacobian
