"""What one elementary operation costs where arrays are tiny, by kind of operation and by transform.

- `STEPS`: a step of each kind, on a vector, and how many traced operations it is.
- `measured(names)`: microseconds for each operation of a long straight-line function, for the second and later calls.
- `operation_table(before, after)`: both as a table.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from functools import partial
from time import process_time
from typing import Any

import numpy as np

import jacobians as jac

__all__ = ["STEPS", "TRANSFORMS", "measured", "operation_table"]

COUNT = 120
"""Operations of a function, about."""

REPEATS = 15
SECONDS = 0.5

_CONSTANT = np.array([0.9, -1.1, 1.05, -0.95])
_TURN = np.linalg.qr(np.arange(16.0).reshape(4, 4) ** 2 + np.eye(4))[0]
_MASK = np.array([True, False, True, True])


def _written(x: Any) -> Any:
    y = np.zeros_like(x)
    for n in range(4):
        y[n] = x[3 - n]
    return y


# fmt: off
STEPS: dict[str, tuple[int, Callable[[Any, Any], tuple[Any, Any]]]] = {
    "np.tanh(x)":                (1, lambda x, y: (np.tanh(x), y)),
    "x * 1.01":                  (1, lambda x, y: (x * 1.01, y)),
    "x * c":                     (1, lambda x, y: (x * _CONSTANT, y)),
    "x + y":                     (1, lambda x, y: (x + y, y)),
    "x * y":                     (1, lambda x, y: (x * y, y)),
    "x / y":                     (1, lambda x, y: (x / y, x)),
    "A @ x":                     (1, lambda x, y: (_TURN @ x, y)),
    "np.outer(x, y) @ x / x @ x": (4, lambda x, y: (np.outer(x, y) @ x / (x @ x), y)),
    "x - np.mean(x)":            (2, lambda x, y: (x - np.mean(x), y)),
    "y * np.sqrt(np.sum(x * x))": (4, lambda x, y: (y * np.sqrt(np.sum(x * x)), y)),
    "x * y[2]":                  (2, lambda x, y: (x * y[2], y)),
    "x[1:], x[:1], concatenate": (3, lambda x, y: (np.concatenate([x[1:], x[:1]]), y)),
    "np.sum(np.stack([x, y]), 0)": (2, lambda x, y: (np.sum(np.stack([x, y]), 0), y)),
    "reshape, * 0.99, reshape":  (3, lambda x, y: (np.reshape(x.reshape(2, 2) * 0.99, (4,)), y)),
    "np.where, np.maximum":      (2, lambda x, y: (np.maximum(np.where(_MASK, x, y), 0.1), y)),
    "z[i] = x[j]":               (8, lambda x, y: (_written(x), y)),
}
TRANSFORMS: dict[str, Callable[[Callable[[Any], Any], Any], Callable[[], Any]]] = {
    "linearize": lambda f, x: lambda: jac.linearize(f, x),
    "jvp":       lambda f, x: lambda: jac.jvp(f, (x,), (x,)),
    "vjp":       lambda f, x: lambda: jac.vjp(f, x)[1](x),
    "jacobian":  lambda f, x: partial(jac.jacobian(f, mode="explicit"), x),
    "hvp":       lambda f, x: lambda: jac.hvp(lambda z: np.sum(f(z)), (x,), (x,)),
    "hessian":   lambda f, x: partial(jac.hessian(lambda z: np.sum(f(z)), mode="explicit"), x),
}
# fmt: on


def _repeated(step: Callable[[Any, Any], tuple[Any, Any]], count: int) -> Callable[[Any], Any]:
    """A straight line of steps."""

    def function(x: Any) -> Any:
        y = 1 + 0.01 * x
        for _ in range(count):
            x, y = step(x, y)
        return x

    return function


def _least(work: Callable[[], Any]) -> float:
    """The least seconds of several calls, after two that may plan."""
    for _ in range(2):
        work()
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < SECONDS:
        gc.collect()
        start = process_time()
        result = work()
        times.append(process_time() - start)
        del result
    return min(times)


def measured(names: Sequence[str] = (), report: Callable[[str], None] = print) -> dict[str, dict[str, float]]:
    """Microseconds of each operation, by kind and by transform."""
    x = np.array([0.9, 1.1, 1.2, 0.8])
    found: dict[str, dict[str, float]] = {}
    for name in names or STEPS:
        operations, step = STEPS[name]
        count = COUNT // operations
        function = _repeated(step, count)
        calls = {transform: make(function, x) for transform, make in TRANSFORMS.items()}
        found[name] = {transform: 1e6 * _least(call) / (count * operations) for transform, call in calls.items()}
        report(f"{name:28}" + "".join([f"{transform} {time:6.1f}  " for transform, time in found[name].items()]))
    return found


def operation_table(before: dict[str, Any], after: dict[str, Any]) -> str:
    """A row for each kind of operation, a column for each transform: microseconds before, and after."""
    lines = ["| operations | " + " | ".join(TRANSFORMS) + " |", "| --- |" + " --: |" * len(TRANSFORMS)]
    for name, row in after.items():
        then = before.get(name, {})
        cells = [f"{then[key]:.0f} → {time:.1f}" if key in then else f"{time:.1f}" for key, time in row.items()]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)
