"""Terms: what a Jacobian is a sum of, as frozen, printable data.

- `factor`: `Factor`, a dense array with a label per axis, and `OperatorFactor`, a linear operator between two groups.
- `lattices`: `Lattice`, an index that is listed along some axes and regular along others.
- `maps`: `Map`, a relation ``ravel(dst) == index[src]`` between index groups.
- `memory`: what is worked out of index arrays, kept while a graph is eliminated.
- `relations`: `compose` and `join`, the algebra of maps.
- `term`: `Term`, scale times the sum over bound labels of factors times maps.
- `pattern`: `Pattern`, the labels of a term without its numbers.
- `acting`: terms that act on conjugate tangents, or give the real part.
"""

from .acting import CONJUGATE, LINEAR, REAL, acting, conjugated, is_real, plain, real_part, settled_act, transposed
from .factor import Factor, LinearOperation, OperatorFactor, WithoutArrays
from .lattices import Lattice
from .maps import Affine, Map, Sliding
from .memory import remembering
from .pattern import Pattern, PatternTerm, factor_of, moved, pattern_of, patterned, picks_part, standardised
from .relations import Joined, compose, join, lattice_of, spread, tabulate
from .term import Term

__all__ = [
    "CONJUGATE",
    "LINEAR",
    "REAL",
    "Affine",
    "Factor",
    "Joined",
    "Lattice",
    "LinearOperation",
    "Map",
    "OperatorFactor",
    "Pattern",
    "PatternTerm",
    "Sliding",
    "Term",
    "WithoutArrays",
    "acting",
    "compose",
    "conjugated",
    "factor_of",
    "is_real",
    "join",
    "lattice_of",
    "moved",
    "pattern_of",
    "patterned",
    "picks_part",
    "plain",
    "real_part",
    "remembering",
    "settled_act",
    "spread",
    "standardised",
    "tabulate",
    "transposed",
]
