"""Transforms: from a function of arrays to functions that differentiate it, with JAX's conventions.

- `explicit`: `jacobian`, `value_and_jacobian`, `jacfwd`, `jacrev`, `hessian`.
- `products`: `vjp`, `jvp`, `linearize`, `hvp`.
- `gradients`: `grad`, `value_and_grad`.
- `planning`: `plan`, what a Jacobian would cost.
- `making`: Jacobians in the form that the arguments and the result ask for.
"""

from .explicit import hessian, jacfwd, jacobian, jacrev, value_and_jacobian
from .gradients import grad, value_and_grad
from .planning import plan
from .products import hvp, jvp, linearize, vjp

__all__ = [
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "plan",
    "value_and_grad",
    "value_and_jacobian",
    "vjp",
]
