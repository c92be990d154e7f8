"""neural-tangents: empirical tangent kernels in JAX, by structure."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..measuring import Work
from ..problem import Case
from .peer import Build, Peer, library

__all__ = ["PEER"]


def answers(case: Case) -> bool:
    return case.quantity == "kernel"


def ways(problem: str, case: Case) -> dict[str, Build]:
    return {"neural-tangents": lambda: kernel(case)} if answers(case) else {}


def kernel(case: Case) -> Work:
    jax = library("jax")
    jnp = library("jax.numpy")
    neural_tangents = library("neural_tangents")

    ad = library("jax.interpreters.ad")
    # neural-tangents 0.6.5 looks for them where older versions of JAX had them.
    for name, found in {"source_info_util": library("jax._src.source_info_util"), "config": jax.config}.items():
        if not hasattr(ad, name):
            setattr(ad, name, found)

    jax.config.update("jax_enable_x64", True)
    f = case.function(jnp)
    X, *weights = [jnp.asarray(argument) for argument in case.arguments]
    implementation = neural_tangents.NtkImplementation.STRUCTURED_DERIVATIVES
    function = neural_tangents.empirical_ntk_fn(
        lambda parameters, x: f(x, *parameters), trace_axes=(), vmap_axes=0, implementation=implementation
    )
    compiled = jax.jit(lambda x, parameters: function(x, None, parameters))

    def read(result: Any) -> Any:  # (batch, batch, classes, classes)
        return np.transpose(np.asarray(result), (0, 2, 1, 3))

    return Work(lambda: jax.block_until_ready(compiled(X, weights)), read)


PEER = Peer("neural-tangents", ("neural_tangents",), answers, ways)
