"""Run a function once and write down its linear graph: what the transforms and the tape have in common.

- `arguments`: what may be differentiated, arrays and nests of them, checked at the earliest moment.
- `factored`: Jacobians as results, differentiated by their factors.
- `linearise`: `linearise`, a function at a point as a `Linearised`; `owned_graph` makes it independent of the caller.
- `pulling`: `pull`, cotangents of the outputs back to the inputs.
- `stopping`: `primal` and `stop_gradient`, values without their derivatives.
- `holomorphy`: `pull_holomorphic`, the complex derivatives of a complex scalar.
"""

from .arguments import (
    Argnums,
    check_any,
    check_function,
    checked_inputs,
    checked_vectors,
    is_differentiated,
    normalised_argnums,
)
from .factored import as_jacobian
from .holomorphy import check_complex, check_real_result, pull_holomorphic
from .linearise import Linearised, as_result, linearise, owned_graph
from .pulling import handed_out, pull
from .stopping import primal, stop_gradient

__all__ = [
    "Argnums",
    "Linearised",
    "as_jacobian",
    "as_result",
    "check_any",
    "check_complex",
    "check_function",
    "check_real_result",
    "checked_inputs",
    "checked_vectors",
    "handed_out",
    "is_differentiated",
    "linearise",
    "normalised_argnums",
    "owned_graph",
    "primal",
    "pull",
    "pull_holomorphic",
    "stop_gradient",
]
