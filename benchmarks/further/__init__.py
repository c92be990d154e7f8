"""Problems beyond the table: `FURTHER` maps the name of each to it. One expectation holds for all, and no target.

- `question`: a problem in a few lines, from a function, its data, what is asked, and the answer by hand.
- `networks`, `convolutions`, `attention`, `classifiers`, `graphs`, `generative`: layers and losses of learning.
- `distances`, `kernels`, `registration`, `images`, `regressions`: points, pixels and residuals.
- `sequences`, `states`, `dynamics`, `stencils`: loops over steps, and neighbours on grids.
- `statistics`, `algebra`: likelihoods, and small matrices and equations.
"""

from ..problem import Problem
from . import (
    algebra,
    attention,
    classifiers,
    convolutions,
    distances,
    dynamics,
    generative,
    graphs,
    images,
    kernels,
    networks,
    registration,
    regressions,
    sequences,
    states,
    statistics,
    stencils,
)

__all__ = ["FURTHER"]

_FAMILIES = (
    networks,
    convolutions,
    attention,
    classifiers,
    graphs,
    generative,
    distances,
    kernels,
    registration,
    images,
    regressions,
    sequences,
    states,
    dynamics,
    stencils,
    statistics,
    algebra,
)

FURTHER: dict[str, Problem] = {problem.name: problem for family in _FAMILIES for problem in family.PROBLEMS}
