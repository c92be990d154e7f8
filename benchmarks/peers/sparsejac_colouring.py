"""sparsejac: sparse Jacobians in JAX by colouring; the pattern must be given, and is taken from the expert's matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from ..measuring import Work
from ..problem import Case
from .peer import Build, Peer, library

__all__ = ["PEER"]

LARGEST = 60_000  # entries beyond which its colouring, in pure Python, takes minutes


def answers(case: Case) -> bool:
    return case.quantity in ("sparse", "sparse hessian")


def ways(problem: str, case: Case) -> dict[str, Build]:
    return {"sparsejac": lambda: coloured(case)} if answers(case) else {}


def coloured(case: Case) -> Work:
    jax = library("jax")
    jnp = library("jax.numpy")
    sparsejac = library("sparsejac")
    sparse = library("jax.experimental.sparse")

    pattern = case.hand(*case.arguments).tocoo()
    if pattern.nnz > LARGEST:
        raise NotImplementedError(f"colouring {pattern.nnz:,} entries in Python takes minutes")
    jax.config.update("jax_enable_x64", True)
    f, shape = case.function(jnp), case.arguments[0].shape
    differentiated = jax.grad(f) if case.quantity == "sparse hessian" else f

    def flat(vector: Any) -> Any:
        return jnp.ravel(differentiated(vector.reshape(shape)))

    places = jnp.asarray(np.stack([pattern.row, pattern.col], axis=1))
    known = sparse.BCOO((jnp.ones(pattern.nnz), places), shape=pattern.shape)
    compiled = jax.jit(sparsejac.jacfwd(flat, known))
    vector = jnp.ravel(jnp.asarray(case.arguments[0]))

    def read(matrix: Any) -> Any:
        indices = np.asarray(matrix.indices)
        return scipy.sparse.coo_array((np.asarray(matrix.data), indices.T), shape=matrix.shape).tocsr()

    return Work(lambda: jax.block_until_ready(compiled(vector)), read)


PEER = Peer("sparsejac", ("sparsejac", "jax"), answers, ways)
