"""Problems beyond the table: `FURTHER` maps the name of each to it. One expectation holds for all, and no target.

- `question`: a problem in a few lines, from a function, its data, what is asked, and the answer by hand.
- `networks`, `convolutions`, `attention`, `classifiers`, `graphs`, `generative`: layers and losses of learning.
- `distances`, `kernels`, `registration`, `images`, `regressions`: points, pixels and residuals.
"""

from ..problem import Problem
from . import (
    attention,
    classifiers,
    convolutions,
    distances,
    generative,
    graphs,
    images,
    kernels,
    networks,
    registration,
    regressions,
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
)

FURTHER: dict[str, Problem] = {problem.name: problem for family in _FAMILIES for problem in family.PROBLEMS}
