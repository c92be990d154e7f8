"""PyTorch: `torch.func`, eager, and through `torch.compile` where an expert would (long elementwise chains)."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import CellType, FunctionType
from typing import Any

import numpy as np

from ..measuring import Work
from ..problem import Case
from .peer import Build, Peer, library

__all__ = ["PEER"]

QUANTITIES = ("gradient", "jacobian", "jacobians", "norms", "hessian", "blocks", "diagonal", "vjp", "jvp", "hvp")


class TorchNumpy:
    """PyTorch under NumPy's names, as far as the functions of the problems need it."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch

    def __getattr__(self, name: str) -> Any:
        return getattr(self.torch, name)

    def zeros(self, shape: Any) -> Any:
        return self.torch.zeros(shape, dtype=self.torch.float64)

    def max(self, x: Any, axis: int, keepdims: bool) -> Any:
        return self.torch.amax(x, dim=axis, keepdim=keepdims)


def answers(case: Case) -> bool:
    return case.quantity in QUANTITIES


def ways(problem: str, case: Case) -> dict[str, Build]:
    if not answers(case):
        return {}
    found: dict[str, Build] = {"torch": lambda: work(transformed(case), case)}
    if case.data.get("fuse"):
        found["torch-compile"] = lambda: work(compiled(transformed(case)), case)
    return found


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    torch = library("torch")

    return torch.compile(function, fullgraph=True, dynamic=False)


def work(function: Callable[..., Any], case: Case) -> Work:
    torch = library("torch")

    torch.set_num_threads(_threads())
    arguments = [torch.from_numpy(np.ascontiguousarray(argument)) for argument in case.arguments]
    return Work(lambda: function(*arguments), to_numpy)


def _threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS", "1"))


def to_numpy(result: Any) -> Any:
    if isinstance(result, (tuple, list)):
        return tuple([array.detach().numpy() for array in result])
    return result.detach().numpy()


def transformed(case: Case) -> Callable[..., Any]:
    """What an expert asks of `torch.func`."""
    torch = library("torch")
    func = library("torch.func")

    f: Any = numpy_constants(case.function(TorchNumpy(torch)))
    if case.quantity == "gradient":
        return func.grad(f, argnums=case.argnums)
    if case.quantity == "jacobian":
        if case.data.get("elementwise"):
            return lambda x: torch.diag(func.jvp(f, (x,), (torch.ones_like(x),))[1])
        rows = np.size(case.numpy_function(*case.arguments))
        return func.jacrev(f) if rows <= np.size(case.arguments[0]) else func.jacfwd(f)
    if case.quantity == "hessian":
        return func.hessian(f)
    if case.quantity == "blocks":
        row = func.jacrev(lambda x, *weights: f(x[None], *weights)[0])
        return lambda X, *weights: func.vmap(row, in_dims=(0, *[None] * len(weights)))(X, *weights)
    if case.quantity in ("jacobians", "norms"):
        return examples(case, f)
    if case.quantity == "diagonal":
        return lambda x: func.jvp(f, (x,), (torch.ones_like(x),))[1]
    if case.quantity == "vjp":
        return lambda x, c: func.vjp(f, x)[1](c)[0]
    if case.quantity == "jvp":
        return lambda x, h: func.jvp(f, (x,), (h,))[1]
    return lambda x, h: func.jvp(func.grad(f), (x,), (h,))[1]


def examples(case: Case, f: Callable[..., Any]) -> Callable[..., Any]:
    torch = library("torch")
    func = library("torch.func")

    single = func.grad(lambda x, t, *weights: f(x[None], t[None], *weights)[0], argnums=case.argnums)

    def gradients(X: Any, T: Any, *weights: Any) -> Any:
        return func.vmap(single, in_dims=(0, 0, *[None] * len(weights)))(X, T, *weights)

    def norms(*arguments: Any) -> Any:
        return torch.sqrt(sum((g.reshape(len(g), -1) ** 2).sum(1) for g in gradients(*arguments)))

    return norms if case.quantity == "norms" else gradients


def numpy_constants(function: Callable[..., Any]) -> Callable[..., Any]:
    """A copy of the function, with the arrays that it closes over as tensors: PyTorch does not mix them."""
    torch = library("torch")

    held = [cell.cell_contents for cell in function.__closure__ or ()]
    cells = tuple([CellType(torch.from_numpy(x) if isinstance(x, np.ndarray) else x) for x in held])
    return FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, cells)


PEER = Peer("torch", ("torch",), answers, ways)
