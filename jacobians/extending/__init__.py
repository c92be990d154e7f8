"""Functions that this library cannot look into, with the derivative that their author knows.

- `conversion`: what a user returns as a Jacobian, as terms.
- `operation`: the derivative of one argument as an operator made of the user's products.
- `halves`: operations that are linear over the real numbers only.
- `packing`: several arguments as one vector, so that one product serves them all.
- `customs`: `custom`, a function with its Jacobian or its products.
- `inverses`: the inverse of a Jacobian, by division, by a sparse or dense factorisation, or by iteration.
- `roots`: `implicit`, a solver with the derivative of what it solves.
"""

from .customs import Custom, custom
from .roots import Implicit, implicit

__all__ = ["Custom", "Implicit", "custom", "implicit"]
