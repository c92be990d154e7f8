"""HIPS autograd: reverse mode on a tape, in NumPy, the closest relative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..measuring import Work
from ..problem import Case
from .peer import Build, Peer, library

__all__ = ["PEER"]

QUANTITIES = ("gradient", "jacobian", "hessian", "vjp", "hvp")
ROWS = 2500  # passes beyond which a Jacobian, row by row, is not tried


def answers(case: Case) -> bool:
    return case.quantity in QUANTITIES


def ways(problem: str, case: Case) -> dict[str, Build]:
    return {"autograd": lambda: Work(bound(case))} if answers(case) else {}


def bound(case: Case) -> Callable[[], Any]:
    autograd = library("autograd")

    f, arguments = case.function(library("autograd.numpy")), case.arguments
    if case.quantity == "gradient":
        gradient = autograd.grad(f, case.argnums)
        return lambda: gradient(*arguments)
    if case.quantity in ("jacobian", "hessian"):
        rows = np.size(case.numpy_function(*arguments) if case.quantity == "jacobian" else arguments[0])
        if rows > ROWS:
            raise NotImplementedError(f"it would take {rows:,} passes, one for each row")
        function = getattr(autograd, case.quantity)(f)
        return lambda: function(*arguments)
    if case.quantity == "vjp":

        def pulled() -> Any:
            pullback, _ = autograd.make_vjp(f)(arguments[0])
            return pullback(arguments[1])

        return pulled
    product = autograd.make_hvp(f)
    return lambda: product(arguments[0])[0](arguments[1])


PEER = Peer("autograd", ("autograd", "autograd.numpy"), answers, ways)
