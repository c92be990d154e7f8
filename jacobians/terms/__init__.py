"""Terms: what a Jacobian is a sum of, as frozen, printable data.

- `factor`: `Factor`, a dense array with a label per axis, and `OperatorFactor`, a linear operator between two groups.
- `maps`: `Map`, a relation ``ravel(dst) == index[src]`` between index groups.
- `relations`: `compose` and `join`, the algebra of maps.
- `term`: `Term`, scale times the sum over bound labels of factors times maps.
"""

from .factor import Factor, LinearOperation, OperatorFactor
from .maps import Affine, Map
from .relations import Joined, compose, join, spread, tabulate
from .term import Term

__all__ = [
    "Affine",
    "Factor",
    "Joined",
    "LinearOperation",
    "Map",
    "OperatorFactor",
    "Term",
    "compose",
    "join",
    "spread",
    "tabulate",
]
