"""The problems, by families: `PROBLEMS` maps the name of each to it, in the order of the table.

- `affine`, `products`, `networks`, `curvature`: layers and what stands on them.
- `hessians`, `elementwise`, `sparse`, `bundle`, `mixtures`, `points`: structure of other kinds.
- `chains`, `recurrent`, `vectors`: orders of elimination, many steps, products with vectors.
"""

from ..problem import Problem
from . import (
    affine,
    bundle,
    chains,
    curvature,
    elementwise,
    hessians,
    mixtures,
    networks,
    points,
    products,
    recurrent,
    sparse,
    vectors,
)

__all__ = ["PROBLEMS"]

_FAMILIES = (
    affine,
    products,
    networks,
    curvature,
    hessians,
    elementwise,
    sparse,
    bundle,
    mixtures,
    points,
    chains,
    recurrent,
    vectors,
)

PROBLEMS: dict[str, Problem] = {problem.name: problem for family in _FAMILIES for problem in family.PROBLEMS}
