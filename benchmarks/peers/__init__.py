"""The peers, one module for each library; what is not installed is skipped with a word.

A peer module has a `PEER`: the library that it needs, and `ways(problem, case)`, which maps the name of each way of
asking that library to a function that builds the `Work`. Building is part of the first call; importing is not.
"""

from __future__ import annotations

from . import (
    asdex_colouring,
    autograd_tape,
    backpack_extensions,
    casadi_graphs,
    hand_written,
    jax_transforms,
    neural_tangents_kernel,
    our_jacobians,
    sparsejac_colouring,
    torch_functional,
)
from .peer import Peer, unavailable

__all__ = ["PEERS", "Peer", "unavailable"]

PEERS: tuple[Peer, ...] = (
    hand_written.PEER,
    our_jacobians.PEER,
    jax_transforms.PEER,
    torch_functional.PEER,
    autograd_tape.PEER,
    casadi_graphs.PEER,
    asdex_colouring.PEER,
    sparsejac_colouring.PEER,
    backpack_extensions.PEER,
    neural_tangents_kernel.PEER,
)
