"""What an expert writes in JAX where structure is known: vmap over rows or examples, scan over steps, CSR by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse

from ..problem import Case
from ..problems.bundle import projection
from .peer import library

__all__ = ["expert", "reader"]


def expert(problem: str, case: Case) -> Callable[..., Any] | None:
    """The function to be jitted; None where the naive way is what an expert would write."""
    if case.data.get("scan"):
        return lstm()
    if "bundle" in case.data:
        return bundle(case)
    if case.quantity == "jacobian":
        return diagonal(case) if case.data.get("elementwise") else forward(case)
    if case.quantity == "blocks":
        return blocks(case)
    if case.quantity in ("jacobians", "norms"):
        return examples(case)
    if case.quantity == "gauss-newton product":
        return gauss_newton(case)
    return None


def reader(case: Case) -> Callable[[Any], Any] | None:
    """How the answer becomes what is checked, where it is not an array."""
    if "bundle" not in case.data:
        return None
    rows, columns = len(case.data["indptr"]) - 1, len(case.arguments[0])

    def read(entries: Any) -> Any:
        return scipy.sparse.csr_array(
            (np.asarray(entries), case.data["indices"], case.data["indptr"]), shape=(rows, columns)
        )

    return read


def forward(case: Case) -> Callable[..., Any]:
    jax = library("jax")
    jnp = library("jax.numpy")

    return jax.jacfwd(case.function(jnp))


def diagonal(case: Case) -> Callable[..., Any]:
    jax = library("jax")
    jnp = library("jax.numpy")

    f = case.function(jnp)
    return lambda x: jnp.diag(jax.jvp(f, (x,), (jnp.ones_like(x),))[1])


def blocks(case: Case) -> Callable[..., Any]:
    jax = library("jax")
    jnp = library("jax.numpy")

    f = case.function(jnp)
    row = jax.jacrev(lambda x, *weights: f(x[None], *weights)[0])
    return lambda X, *weights: jax.vmap(row, in_axes=(0, *[None] * len(weights)))(X, *weights)


def examples(case: Case) -> Callable[..., Any]:
    jax = library("jax")
    jnp = library("jax.numpy")

    f = case.function(jnp)
    single = jax.grad(lambda x, t, *weights: f(x[None], t[None], *weights)[0], argnums=case.argnums)

    def gradients(X: Any, T: Any, *weights: Any) -> Any:
        return jax.vmap(single, in_axes=(0, 0, *[None] * len(weights)))(X, T, *weights)

    def norms(*arguments: Any) -> Any:
        return jnp.sqrt(sum(jnp.sum(g.reshape(len(g), -1) ** 2, axis=1) for g in gradients(*arguments)))

    return norms if case.quantity == "norms" else gradients


def gauss_newton(case: Case) -> Callable[..., Any]:
    jax = library("jax")
    jnp = library("jax.numpy")

    f, count = case.function(jnp), case.data["count"]

    def loss(Z: Any, T: Any) -> Any:
        return jnp.mean(jnp.log(jnp.sum(jnp.exp(Z), axis=1)) - jnp.sum(T * Z, axis=1))

    def product(X: Any, T: Any, *rest: Any) -> Any:
        Z, tangent, pullback = pushed(lambda *weights: f(X, *weights), rest[:count], rest[count:])
        curved = jax.jvp(jax.grad(loss), (Z, T), (tangent, jnp.zeros_like(T)))[1]
        return pullback(curved)

    def pushed(network: Any, weights: Any, vectors: Any) -> Any:
        Z, pullback = jax.vjp(network, *weights)
        return Z, jax.jvp(network, weights, vectors)[1], pullback

    return product


def lstm() -> Callable[..., Any]:
    jax = library("jax")
    jnp = library("jax.numpy")

    def step(weight: Any, bias: Any, hidden: Any, cell: Any, x: Any) -> Any:
        forget, ingate, outgate, change = jnp.split(jnp.concatenate([x, hidden, x, hidden]) * weight + bias, 4)
        cell = cell * jax.nn.sigmoid(forget) + jax.nn.sigmoid(ingate) * jnp.tanh(change)
        return jax.nn.sigmoid(outgate) * jnp.tanh(cell), cell

    def loss(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
        def body(carry: Any, pair: Any) -> Any:
            x, gold = pair
            x, following = x * extra[0], []
            for n in range(len(main) // 2):
                hidden, cell = step(main[2 * n], main[2 * n + 1], carry[2 * n], carry[2 * n + 1], x)
                following += [hidden, cell]
                x = hidden
            predicted = x * extra[1] + extra[2]
            normalised = predicted - jnp.log(jnp.sum(jnp.exp(predicted)) + 2)
            return jnp.stack(following), jnp.sum(gold * normalised)

        _, losses = jax.lax.scan(body, state, (sequence[:-1], sequence[1:]))
        return -jnp.sum(losses) / (losses.size * sequence.shape[1])

    return jax.grad(loss, argnums=(0, 1))


def bundle(case: Case) -> Callable[..., Any]:
    """The entries of the CSR matrix: the Jacobian of one observation, vmapped, and laid out row by row."""
    jax = library("jax")
    jnp = library("jax.numpy")

    problem = case.data["bundle"]
    n, m = len(problem.cameras), len(problem.points)
    camera_index, point_index = jnp.asarray(problem.camera_index), jnp.asarray(problem.point_index)
    features, project = jnp.asarray(problem.features), projection(jnp)
    # The entries that are not always zero: each coordinate without the other one of the principal point.
    used = jnp.asarray([[0, 1, 2, 3, 4, 5, 6, 7, 9, 10], [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]])

    def error(camera: Any, point: Any, weight: Any, feature: Any) -> Any:
        return weight * (project(camera[None], point[None])[0] - feature)

    single = jax.vmap(jax.jacrev(error, argnums=(0, 1, 2)))

    def entries(unknowns: Any) -> Any:
        cameras, points = unknowns[: 11 * n].reshape(n, 11), unknowns[11 * n : 11 * n + 3 * m].reshape(m, 3)
        weights = unknowns[11 * n + 3 * m :]
        of_camera, of_point, of_weight = single(cameras[camera_index], points[point_index], weights, features)
        of_camera = jnp.stack([of_camera[:, 0, used[0]], of_camera[:, 1, used[1]]], axis=1)
        rows = jnp.concatenate([of_camera, of_point, of_weight[:, :, None]], axis=2)
        return jnp.concatenate([rows.reshape(-1), -2 * weights])

    return entries
