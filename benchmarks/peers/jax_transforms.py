"""JAX, jitted, in double precision: the naive way (one transform of the function as it stands), and an expert's."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..measuring import Work
from ..problem import Case
from . import jax_experts
from .peer import Build, Peer, library

__all__ = ["PEER"]

LARGEST = 1 << 30  # bytes of a dense array beyond which the naive way is not tried

SIMPLE = ("gradient", "jacobian", "jacobians", "hessian", "blocks", "diagonal", "vjp", "jvp", "hvp")


def answers(case: Case) -> bool:
    return case.quantity in (*SIMPLE, "norms", "gauss-newton product") or "bundle" in case.data


def ways(problem: str, case: Case) -> dict[str, Build]:
    found: dict[str, Build] = {}
    if case.quantity in SIMPLE and not case.data.get("scan"):
        found["jax"] = lambda: jitted(naive(case), case)
    function = jax_experts.expert(problem, case)
    if function is not None:
        found["jax-expert"] = lambda: jitted(function, case, jax_experts.reader(case))
    return found


def jitted(function: Callable[..., Any], case: Case, read: Callable[[Any], Any] | None = None) -> Work:
    """The function compiled for the arguments of a case, which lie with JAX before the clock starts."""
    jax = library("jax")
    jnp = library("jax.numpy")

    jax.config.update("jax_enable_x64", True)
    arguments = [jnp.asarray(argument) for argument in case.arguments]
    compiled = jax.jit(function)
    return Work(lambda: jax.block_until_ready(compiled(*arguments)), read or to_numpy)


def to_numpy(result: Any) -> Any:
    if isinstance(result, (tuple, list)):
        return tuple(map(np.asarray, result))
    return np.asarray(result)


def naive(case: Case) -> Callable[..., Any]:
    """The transform that a reader of the manual would take."""
    jax = library("jax")
    jnp = library("jax.numpy")

    f = case.function(jnp)
    if case.quantity == "gradient":
        return jax.grad(f, argnums=case.argnums)
    if case.quantity in ("jacobian", "jacobians", "blocks"):
        rows = np.size(case.numpy_function(*case.arguments))
        size = 8 * rows * max(rows, np.size(case.arguments[0]))
        if case.quantity != "jacobians" and size > LARGEST:
            raise NotImplementedError(f"{rows:,} cotangents at a time would take {size / 1e9:.1f} GB")
        if case.quantity == "blocks":
            return lambda *arguments: diagonal_of(jax.jacrev(f)(*arguments))
        return jax.jacrev(f, argnums=case.argnums)
    if case.quantity == "hessian":
        return jax.hessian(f)
    if case.quantity == "diagonal":
        return lambda x: jax.jvp(f, (x,), (jnp.ones_like(x),))[1]
    if case.quantity == "vjp":
        return lambda x, c: jax.vjp(f, x)[1](c)[0]
    if case.quantity == "jvp":
        return lambda x, h: jax.jvp(f, (x,), (h,))[1]
    return lambda x, h: jax.jvp(jax.grad(f), (x,), (h,))[1]


def diagonal_of(J: Any) -> Any:
    """The blocks (n, out, in) of a dense array (n, out, n, in)."""
    jnp = library("jax.numpy")

    rows = jnp.arange(prod(J.shape[:1]))
    return J[rows, :, rows, :]


PEER = Peer("jax", ("jax",), answers, ways)
