"""Run a function once and write down its linear graph: what the transforms and the tape have in common.

- `arguments`: what may be differentiated, checked at the earliest moment.
- `linearise`: `linearise`, a function at a point as a `Linearised`; `owned_graph` makes it independent of the caller.
- `pulling`: `pull`, a cotangent of the output back to the inputs.
"""

from .arguments import Argnums, checked_input, checked_vector, normalised_argnums
from .linearise import Linearised, as_result, linearise, owned_graph
from .pulling import as_scalar, pull

__all__ = [
    "Argnums",
    "Linearised",
    "as_result",
    "as_scalar",
    "checked_input",
    "checked_vector",
    "linearise",
    "normalised_argnums",
    "owned_graph",
    "pull",
]
