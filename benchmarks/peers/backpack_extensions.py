"""BackPACK on PyTorch: gradients of each example, their norms, and the diagonal of the Gauss-Newton matrix.

PyTorch stores the weights of a layer as (out, in); its answers are transposed when they are read.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np

from ..measuring import Work
from ..problem import Case
from .peer import Build, Peer, library

__all__ = ["PEER"]


def answers(case: Case) -> bool:
    return case.quantity in ("norms", "gauss-newton diagonal") or bool(case.data.get("examples"))


def ways(problem: str, case: Case) -> dict[str, Build]:
    return {"backpack": lambda: extended(case)} if answers(case) else {}


def extended(case: Case) -> Work:
    torch = library("torch")
    backpack, extensions = library("backpack"), library("backpack.extensions")

    X, T, *weights = [torch.from_numpy(np.ascontiguousarray(argument)) for argument in case.arguments]
    layers: list[Any] = []
    for n, (inner, outer) in enumerate(pairwise(case.data["widths"])):
        layer = torch.nn.Linear(inner, outer, dtype=torch.float64)
        layer.weight.data, layer.bias.data = weights[2 * n].T.contiguous(), weights[2 * n + 1].clone()
        layers += [layer, torch.nn.Tanh()]
    warnings.filterwarnings("ignore", message="Full backward hook is firing")  # at every call, with nothing amiss
    network = backpack.extend(torch.nn.Sequential(*layers[:-1]))
    reduction = "mean" if case.quantity == "gauss-newton diagonal" else "sum"
    loss = backpack.extend(torch.nn.CrossEntropyLoss(reduction=reduction))
    target = torch.argmax(T, dim=1)
    extension, field = {
        "jacobians": (extensions.BatchGrad(), "grad_batch"),
        "norms": (extensions.BatchL2Grad(), "batch_l2"),
        "gauss-newton diagonal": (extensions.DiagGGNExact(), "diag_ggn_exact"),
    }[case.quantity]
    parameters = list(network.parameters())

    def run() -> Any:
        value = loss(network(X), target)
        with backpack.backpack(extension):
            torch.autograd.grad(value, parameters)
        found = [getattr(parameter, field) for parameter in parameters]
        if case.quantity == "norms":
            return torch.sqrt(torch.stack(found).sum(0))
        return found

    def read(found: Any) -> Any:
        if case.quantity == "norms":
            return found.numpy()
        return tuple([np.swapaxes(a, -1, -2) if n % 2 == 0 else a for n, a in enumerate(a.numpy() for a in found)])

    return Work(run, read)


PEER = Peer("backpack", ("backpack", "torch"), answers, ways)
