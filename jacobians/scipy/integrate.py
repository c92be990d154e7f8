"""Solutions of ordinary differential equations of `scipy.integrate`, differentiable in start, times and parameters.

`odeint` integrates with the derivative: tangents by the variational equations, together with the solution, and
cotangents by the adjoint equations, backwards from one time to the one before. Both are solutions by `odeint`
themselves, so that second derivatives follow. They are as accurate as the tolerances say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.integrate as original

from ..errors import UnsupportedFunctionError
from ..extending import custom
from ..tracing import lift
from ..transforms import jvp, vjp
from .standing import follows, is_recorded, missing

__all__ = ["cumulative_trapezoid", "odeint", "simpson", "trapezoid"]

Function = Callable[..., Any]
# What says how exact a solution is, and holds for the larger systems of derivatives, too.
_SHARED = ("rtol", "atol", "tcrit", "h0", "hmax", "hmin", "mxstep", "mxordn", "mxords", "ixpr", "mxhnil", "printmessg")


@follows(original.odeint)
def odeint(func: Function, y0: Any, t: Any, args: Any = (), *more: Any, tfirst: bool = False, **options: Any) -> Any:
    if more or options.pop("full_output", False):
        reason = "for full_output=" if not more else "for options by position; name them"
        raise UnsupportedFunctionError("jacobians.scipy.integrate.odeint", reason)
    rate = (lambda y, s, *rest: func(s, y, *rest)) if tfirst else func
    args = args if isinstance(args, tuple) else (args,)
    return _solver(rate, options)(np.atleast_1d(lift(y0)), lift(t), *args)


def _solver(rate: Function, options: dict[str, Any]) -> Function:
    """The solution as a function of the start, the times and the arguments of ``rate(y, s, *args)``."""
    shared = {name: value for name, value in options.items() if name in _SHARED and np.ndim(value) == 0}

    def function(y: Any, s: Any, *args: Any) -> Any:
        found = lift(rate(y, s, *args))
        return np.atleast_1d(found if hasattr(found, "dtype") else np.asarray(found, float))

    def solve(y0: Any, t: Any, *args: Any) -> Any:
        return original.odeint(function, y0, t, args=args, **options)

    def inner(other: Function, start: Any, t: Any, args: Sequence[Any]) -> Any:
        return odeint(other, start, t, args=tuple(args), **shared)

    def push(tangents: Any, y: Any, y0: Any, t: Any, *args: Any) -> Any:
        # h' = df/dy h + df/dp dp, h(t0) = dy0 - f dt0; at each time, dy = h + f dt
        h0, dt, slopes = tangents[0], tangents[1], tangents[2:]
        moving, size = [n for n, slope in enumerate(slopes) if slope is not None], y0.shape[0]

        def both(z: Any, s: Any, *rest: Any) -> Any:
            values, turned = rest[: len(args)], rest[len(args) :]
            point = z[:size], *[values[n] for n in moving]
            return np.concatenate(jvp(_of_moving(function, s, values, moving), point, (z[size:], *turned)))

        rates = np.stack([function(y[k], t[k], *args) for k in range(y.shape[0])])
        start = np.concatenate([y0, h0 - rates[0] * dt[0]])
        found = inner(both, start, t, [*args, *[slopes[n] for n in moving]])
        return found[:, size:] + rates * dt[:, np.newaxis]

    def pull(c: Any, y: Any, y0: Any, t: Any, *args: Any) -> Any:
        # a' = -a df/dy, g' = -a df/dp, backwards; at each time the cotangent of y is added to a
        moving = [n for n, value in enumerate(args) if getattr(value, "dtype", np.dtype(object)).kind == "f"]
        size, times, last = y0.shape[0], [], y.shape[0] - 1

        def back(z: Any, s: Any, *values: Any) -> Any:
            point = z[:size], *[values[n] for n in moving]
            value, pullback = vjp(_of_moving(function, s, values, moving), *point)
            return np.concatenate([value, *[np.ravel(part) for part in pullback(-z[size : 2 * size])]])

        a, g = c[last], np.zeros(sum([args[n].size for n in moving]))
        for k in range(last, 0, -1):
            times.append(np.sum(c[k] * function(y[k], t[k], *args)))
            found = inner(back, np.concatenate([y[k], a, g]), np.stack([t[k], t[k - 1]]), args)[1]
            a, g = found[size : 2 * size] + c[k - 1], found[2 * size :]
        times.append(-np.sum((a - c[0]) * function(y0, t[0], *args)))
        parts: list[Any] = [None] * len(args)
        for n in moving:
            parts[n], g = np.reshape(g[: args[n].size], args[n].shape), g[args[n].size :]
        return (a, np.stack(times[::-1]), *parts)

    solve.__name__ = "odeint"
    return custom(solve, vjp=pull, jvp=push)


def _of_moving(function: Function, s: Any, values: Sequence[Any], moving: Sequence[int]) -> Function:
    """The right-hand side as a function of y and of those arguments that are differentiated."""

    def call(y: Any, *moved: Any) -> Any:
        whole = list(values)
        for n, value in zip(moving, moved, strict=True):
            whole[n] = value
        return function(y, s, *whole)

    return call


@follows(original.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    return np.trapezoid(y, x, dx, axis)


@follows(original.cumulative_trapezoid)
def cumulative_trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1, initial: Any = None) -> Any:
    y = np.moveaxis(lift(y), axis, -1)
    steps = (
        dx if x is None else np.diff(lift(x)) if np.ndim(x) == 1 else np.moveaxis(np.diff(lift(x), axis=axis), axis, -1)
    )
    total = np.cumsum(steps * (y[..., 1:] + y[..., :-1]) / 2, axis=-1)
    if initial is not None:
        total = np.concatenate([np.full((*np.shape(total)[:-1], 1), initial, total.dtype), total], axis=-1)
    return np.moveaxis(total, -1, axis)


@follows(original.simpson)
def simpson(y: Any, x: Any = None, *, dx: float = 1.0, axis: int = -1) -> Any:
    if is_recorded((x,)):
        raise UnsupportedFunctionError("jacobians.scipy.integrate.simpson", "for traced x=. Use trapezoid")
    # It is linear in y: its weights are the integrals of unit vectors.
    y = np.moveaxis(lift(y), axis, -1)
    if x is not None and np.ndim(x) > 1:
        raise UnsupportedFunctionError("jacobians.scipy.integrate.simpson", "for x= of several axes")
    weights = np.asarray(original.simpson(np.eye(np.shape(y)[-1]), x=x, dx=dx, axis=0))
    return np.matmul(y, weights.astype(y.dtype))


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, __all__)
