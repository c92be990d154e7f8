"""asdex: sparse Jacobians and Hessians in JAX, by detected pattern and colouring; both belong to the first call."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from ..measuring import Work
from ..problem import Case
from .peer import Build, Peer, library

__all__ = ["PEER"]


def answers(case: Case) -> bool:
    return case.quantity in ("sparse", "sparse hessian") or bool(case.data.get("sparse"))


def ways(problem: str, case: Case) -> dict[str, Build]:
    return {"asdex": lambda: coloured(case)} if answers(case) else {}


def coloured(case: Case) -> Work:
    asdex = library("asdex")
    jax = library("jax")
    jnp = library("jax.numpy")

    jax.config.update("jax_enable_x64", True)
    f, (x, *rest) = case.function(jnp), [jnp.asarray(argument) for argument in case.arguments]
    shape = x.shape

    def flat(vector: Any, *others: Any) -> Any:
        return jnp.ravel(f(vector.reshape(shape), *others))

    def scalar(vector: Any, *others: Any) -> Any:
        return f(vector.reshape(shape), *others)

    vector = jnp.ravel(x)
    if case.quantity == "sparse":
        function = asdex.jacobian(flat, vector, *rest)
    else:
        function = asdex.hessian(scalar, vector, *rest)
    compiled = jax.jit(function)

    def read(matrix: Any) -> Any:
        indices = np.asarray(matrix.indices)
        found = scipy.sparse.coo_array((np.asarray(matrix.data), (indices[:, 0], indices[:, 1])), shape=matrix.shape)
        if case.quantity == "hessian":
            return found.toarray().reshape(*shape, *shape)
        return found.tocsr()

    return Work(lambda: jax.block_until_ready(compiled(vector, *rest)), read)


PEER = Peer("asdex", ("asdex", "jax"), answers, ways)
